// native/core/handlers: the built-in handlers and those of shared objects, run by a C++ program without Node.
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Workshop } from '../support/compile.js'

const workshop = new Workshop()
let program = ''

beforeAll(() => {
  const core = ['echo', 'fibonacci', 'handler', 'running'].map((name) => `native/core/handlers/${name}.cc`)
  program = workshop.program('handlers_test', ['test/core/handlers_test.cc', ...core])
}, 120_000)
afterAll(() => workshop[Symbol.dispose]())

const ask = (handler: string, ...requests: string[]): string[] =>
  execFileSync(program, [handler, ...requests], { encoding: 'utf8', timeout: 10_000 })
    .trimEnd()
    .split('\n')

const HEAD = '#include <posix_async.h>\n'
const define = (members: string): string =>
  `POSIX_ASYNC_EXPORT const struct posix_async_handler posix_async_handler = {${members}};\n`

describe('fibonacci', () => {
  it('fib(0) = fib(1) = 1, up to 34', () => {
    const replies = ask('fibonacci', '0', '1', '2', '5', '27', '34', ' 7\n').map((line) => line.split('|')[0])
    expect(replies).toEqual(['1', '1', '2', '8', '317811', '9227465', '21'])
  })

  it.each(['35', '-1', 'x', '5x', '5.5', ' ', '99999999999999999999', '1'.repeat(200)])(
    'says that "%s" is out of range',
    (request) => {
      expect(ask('fibonacci', request)).toEqual([`out of range|0|${request.length}|12`])
    },
  )

  it('says nothing to a client that sends nothing', () => {
    expect(ask('fibonacci', '')).toEqual(['|0|0|0'])
  })
})

describe('echo', () => {
  it('gives back every byte and counts them in both directions', () => {
    const long = 'abc'.repeat(30_000)
    expect(ask('echo', 'hello', long)).toEqual(['hello|0|5|5', `${long}|0|90000|90000`])
  })
})

describe('shared objects', () => {
  it('the example serves', () => {
    const path = workshop.sharedObject('upper.so', ['examples/native-handler.c'])
    expect(ask(path, 'hello', 'x')).toEqual(['HELLO|0|5|5', 'X|0|1|1'])
  })

  it('a name that is not built in, a file that is not there, a file that is no library', () => {
    expect(ask('nobody')).toEqual(['error: none of that name'])
    expect(ask('/nowhere/x.so')[0]).toMatch(/^error: \/nowhere\/x\.so: cannot open shared object file/)
    expect(ask(`${workshop.folder}/handlers_test.cc`)[0]).toMatch(/^error: .*handlers_test\.cc: cannot open/)
    expect(ask('/proc/self/cmdline')[0]).toMatch(/^error: \/proc\/self\/cmdline: (file too short|invalid ELF header)/)
  })

  it('a library without the symbol', () => {
    const path = workshop.sharedObjectOf('bare.so', 'int something = 1;\n')
    expect(ask(path)[0]).toMatch(/^error: .*undefined symbol: posix_async_handler/)
  })

  it('another version of the interface, no name, no form', () => {
    const version = workshop.sharedObjectOf(
      'version.so',
      HEAD + define('.abi = 99, .size = sizeof(struct posix_async_handler)'),
    )
    expect(ask(version)[0]).toMatch(/is made for version 99 of posix_async\.h; this is version 1$/)
    const nameless = workshop.sharedObjectOf(
      'nameless.so',
      HEAD + define('.abi = POSIX_ASYNC_ABI, .size = sizeof(struct posix_async_handler)'),
    )
    expect(ask(nameless)[0]).toMatch(/posix_async_handler has no name$/)
    const formless = workshop.sharedObjectOf('formless.so', HEAD + define('POSIX_ASYNC_HANDLER_HEAD("x"), .start = 0'))
    expect(ask(formless)[0]).toMatch(/has neither serve nor on_data$/)
  })

  it('start may refuse', () => {
    const path = workshop.sharedObjectOf(
      'refusing.so',
      `${HEAD}static int start(void **user) { (void)user; return -EPERM; }
       static int serve(int fd, const struct posix_async_context *c) { (void)fd, (void)c; return 0; }
       ${define('POSIX_ASYNC_HANDLER_HEAD("x"), .start = start, .serve = serve')}`,
    )
    expect(ask(path, 'x')).toEqual(['refused: Operation not permitted|-1|0|0'])
  })

  it('on_data alone serves blocking models: state a connection, on_end, on_close, stop once', () => {
    const path = workshop.sharedObjectOf(
      'stateful.so',
      `${HEAD}#include <stdio.h>
       #include <string.h>
       struct state { char text[600]; size_t length; };
       static int on_data(void *s, const struct posix_async_context *c, const void *data, size_t n,
                          struct posix_async_writer *w) {
         struct state *state = s; (void)c, (void)w;
         memcpy(state->text + state->length, data, n); state->length += n;
         return POSIX_ASYNC_CONTINUE;
       }
       static int on_end(void *s, const struct posix_async_context *c, struct posix_async_writer *w) {
         struct state *state = s; (void)c;
         int error = w->write(w, state->text, state->length);
         return error < 0 ? error : w->write(w, "!", 1) < 0 ? -EIO : POSIX_ASYNC_END;
       }
       static void on_close(void *s, const struct posix_async_context *c) { (void)s, (void)c; puts("closed"); fflush(stdout); }
       static void stop(void *user) { (void)user; puts("stopped"); fflush(stdout); }
       ${define(
         'POSIX_ASYNC_HANDLER_HEAD("x"), .stop = stop, .state_size = sizeof(struct state), .on_data = on_data, .on_end = on_end, .on_close = on_close',
       )}`,
    )
    expect(ask(path, 'ab', 'c')).toEqual(['closed', 'stopped', 'ab!|0|2|3', 'closed', 'stopped', 'c!|0|1|2'])
  })

  it('a handler that fails is reported as it is', () => {
    const path = workshop.sharedObjectOf(
      'failing.so',
      `${HEAD}static int serve(int fd, const struct posix_async_context *c) { (void)fd, (void)c; return -EPROTO; }
       ${define('POSIX_ASYNC_HANDLER_HEAD("x"), .serve = serve')}`,
    )
    expect(ask(path, 'x')).toEqual(['|-71|0|0'])
  })
})
