// Which tests count towards the coverage of src: those of the product, one by one. The others would only take longer, because
// Node counts everything that their process runs: a hundred thousand generated requests, or the compiler.
const others = /^test\/(properties|repository\/)/

/** tap's: null for a test that does not count, nothing in particular for one that does. */
export default function coverageMap (file) {
  return others.test(file) ? null : []
}
