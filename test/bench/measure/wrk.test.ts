// What wrk says is read as the load generator's own report is.
import { expect, it } from 'vitest'
import { parseWrk } from '../../../bench/measure/wrk.js'

const said = `Running 1s test @ http://127.0.0.1:4000/
  1 threads and 50 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.13ms    1.04ms  31.70ms   94.12%
    Req/Sec    22.08k     1.50k   24.10k    80.00%
  Latency Distribution
     50%    1.98ms
     75%    2.20ms
     90%  850.00us
     99%    1.20s
  22001 requests in 1.00s, 3.10MB read
  Socket errors: connect 0, read 2, write 1, timeout 4
  Non-2xx or 3xx responses: 5
Requests/sec:  21980.42
Transfer/sec:      3.10MB
`

it('in microseconds, with errors by kind', () => {
  expect(parseWrk(said, 50)).toMatchObject({
    ...{ clients: 50, requests: 22_001, seconds: 1, rate: 21_980.42, mean: 2130, max: 31_700 },
    ...{ p50: 1980, p90: 850, p99: 1_200_000, failed: 12 },
    errors: { connect: 0, reset: 3, closed: 0, wrong: 5, timeout: 4, other: 0 },
    quantiles: [0.5, 0.75, 0.9, 0.99].map((at) => [at, expect.any(Number)]),
  })
})

it('or fails with its last line', () => {
  expect(() => parseWrk('unable to connect to 127.0.0.1:1 Connection refused\n', 50)).toThrow('Connection refused')
})
