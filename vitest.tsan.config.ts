// What runs under ThreadSanitizer (npm run test:tsan): whatever has threads or is told of something by one, and does not fork.
import { defineConfig } from 'vitest/config'
import all from './vitest.config.js'

// By title: why each cannot is in CONTRIBUTING.md.
const CANNOT = [
  ...['fork', 'child', 'does twenty kinds'], // forks
  ...['gives up in time', 'A39', 'worker that is terminated while', 'random calls', 'pthread_kill', 'A63'], // threads that are cancelled
  ...['no memory', 'no stack and no argument', 'has stack, guard'], // counts memory, which the sanitizer takes more of
  ...['the machine has 20', 'grows when there are more'], // is short of address space
]

const posix = [
  'aio',
  'epoll',
  'event-fds',
  'io-uring',
  'multiplex',
  'pthread',
  'pthread-process',
  'readiness',
  'selectors',
  'unistd-async',
]
const servers = [
  'event-server',
  'isolates',
  'isolates-life',
  'thread-connection',
  'thread-faults',
  'thread-life',
  'thread-limits',
  'thread-matrix',
  'thread-server',
]

export default defineConfig({
  test: {
    ...all.test,
    include: [
      ...posix.map((name) => `test/posix/${name}.test.ts`),
      ...servers.map((name) => `test/servers/${name}.test.ts`),
      'test/files/*.test.ts',
    ],
    testNamePattern: new RegExp(`^(?!.*(?:${CANNOT.join('|')}))`, 'i'),
    testTimeout: 120_000,
    maxWorkers: 1,
  },
})
