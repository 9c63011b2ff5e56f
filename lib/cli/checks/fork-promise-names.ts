// The promises of docs/fork.md that doctor tries, each by itself.

/** What it says of each where it is kept. */
export const kept = {
  queues: "the parent's timers, immediates, ticks and promise jobs are silent in a child",
  pool: "the parent's requests of the thread pool are silent, the child's own are answered",
  engine: "the parent's compilations and waits of V8 are silent",
  helpers: 'a child compiles and collects garbage',
  handles: "the parent's sockets do not keep a child alive",
  ids: 'process.pid and ppid are right',
  random: 'no random number repeats',
  signals: 'signals have their default action again',
  nested: 'a child forks',
  others: 'calls of other threads go on in the parent',
  result: 'forked() gives a result',
  server: 'forkServer serves a client',
} as const

export type PromiseOfFork = keyof typeof kept
