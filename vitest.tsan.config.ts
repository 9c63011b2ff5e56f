// What runs under ThreadSanitizer (npm run test:tsan): whatever has threads or is told of something by one, and does not fork.
import { defineConfig, mergeConfig } from 'vitest/config'
import all from './vitest.config.js'

// fork() stops every thread by a signal, which the sanitizer keeps from a thread that waits; it ends with a program that is short of
// address space; and what it remembers grows with every thread.
const CANNOT = [
  'fork',
  'child',
  'twenty kinds',
  'cannot be made',
  'no memory',
  'the machine has 20',
  'grows when there are more',
]

const posix = [
  'aio',
  'epoll',
  'event-fds',
  'io-uring',
  'multiplex',
  'pthread',
  'readiness',
  'selectors',
  'unistd-async',
]
const servers = ['event-server', 'isolates', 'thread-limits', 'thread-server']

export default mergeConfig(
  all,
  defineConfig({
    test: {
      include: [
        ...posix.map((name) => `test/posix/${name}.test.ts`),
        ...servers.map((name) => `test/servers/${name}.test.ts`),
        'test/files/*.test.ts',
      ],
      testNamePattern: new RegExp(`^(?!.*(?:${CANNOT.join('|')}))`, 'i'),
      testTimeout: 120_000,
      maxWorkers: 1,
    },
  }),
)
