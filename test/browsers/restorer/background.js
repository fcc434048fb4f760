// What this extension may do is asked of it from outside: chrome.sessions.restore().
