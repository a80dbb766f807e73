// Where an event comes from that no actor has sent, as its name says: events are named after their subject. What is not
// listed is said to come from outside. A test holds the names to the charts. Pure.

const origins = {
  client: /^(subscribe|unsubscribe|invoke|ping|chat\..+)$/,
  socket: /^socket\.(?!opened|gone)/,
  transport: /^socket\.(opened|gone)$/,
  cursor: /^(cursor\.|watch\.admitted)/,
  subscriptions: /^(watch\.leave|viewer\.|surface\.release)/,
  agent: /^(agent|tools|retry|step|log)\./,
  watchdog: /^turn\.checked$/,
  orchestrator: /^(turn\.(start|opened|notOpened|refused|cancel|interrupt|over)|text\.|compaction\.|conversation\.)/,
  watchers: /^(everyone\.left|queue\.emptied)$/,
  store: /^(turn\.stored|store\.)/,
  provider: /^(surface\.changed|spec\.)/,
  server: /^(gateway|turns|wave|broadcast|catalog)\.|^(connection\.close|access\.ended)$/,
  timer: /^xstate\.after\./,
};

/**
 * The part of the server that such an event comes from, in a word.
 * @param {string} event
 */
export function originOf(event) {
  const [origin] = Object.entries(origins).find(([, names]) => names.test(event)) ?? ["outside"];
  return origin;
}
