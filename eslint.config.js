import globals from 'globals'
import neostandard from 'neostandard'

export default [
  ...neostandard({
    ts: true,
    ignores: ['api', '**/dist', '**/.build', '.mutation', '.tap', '.tshy', '.tshy-build', 'src/validators.ts']
  }),
  {
    files: ['demo/page.js', 'test/browsers/**/*.js'],
    languageOptions: { globals: { ...globals.browser, ...globals.serviceworker } }
  }
]
