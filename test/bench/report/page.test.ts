// The report in a real browser, opened from disk: everything is drawn, nothing complains, and it can be used by keyboard and by ear.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Report } from '../../../bench/report/schema.js'
import { which } from '../../../lib/cli/programs.js'
import { writeFiles } from '../../../bench/report/write-files.js'
import { aReport, anEntry, aTrial } from '../../support/report.js'

const executablePath = which('chromium') ?? which('chromium-browser') ?? which('google-chrome')
// As root in a closed network: no sandbox, and no calls home.
const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking']

const HOSTILE = '<script>alert(1)</script>'

function report(): Report {
  const many = [1, 8, 64, 512].flatMap((clients) =>
    [
      anEntry('c-epoll', 'C epoll', 'C', [aTrial(20_000 / clients, 10)]),
      anEntry('event', `eventServer ${HOSTILE}`, 'posix-async', [aTrial(15_000, 13, 2)]),
      anEntry('node-net', 'node:net', 'node', [aTrial(5000, 40)]),
    ].map((entry) => ({ ...entry, clients })),
  )
  const events = [
    { what: 'accept' as const, at: 10, for: 5, call: 'accept4', fd: 4 },
    { what: 'compute' as const, at: 15, for: 300 },
  ]
  const series = { id: 'c-fork', label: 'C fork', family: 'C' as const }
  return {
    ...aReport([...many, anEntry('sync', 'syncServer', 'posix-async', [], 'serves 1 at a time')]),
    traces: [
      {
        ...{
          id: 'c-epoll',
          label: 'C epoll',
          family: 'C',
          model: 'event',
          about: 'The loop.',
          requests: 8,
          clients: 4,
        },
        ...{
          length: 400,
          lanes: [{ pid: 1, tid: 1, kind: 'process', events }],
          calls: { each: 6, names: { read: 1 } },
        },
      },
    ],
    growth: [
      {
        ...{ name: 'heap', title: 'A fork', about: 'By memory.', x: { title: 'memory', unit: 'MiB' } },
        y: { title: 'time', unit: 'microseconds' },
        series: [{ ...series, points: [1, 2, 4, 8, 16, 32].map((x) => [x, x < 8 ? 10 : x * 10]) }],
      },
    ],
  }
}

let folder: string
let browser: Browser
let url: string
const complaints: string[] = []

async function open(options: Parameters<Browser['newPage']>[0]): Promise<Page> {
  const page = await browser.newPage(options)
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => {
    if (!/^(file|data):/.test(request.url())) complaints.push(request.url())
  })
  await page.goto(url)
  return page
}

const background = (page: Page): Promise<string> =>
  page.evaluate('getComputedStyle(document.body).backgroundColor') as Promise<string>

describe.skipIf(executablePath === undefined)('the report in Chromium (skipped where there is none)', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'posix-async-page-'))
    url = pathToFileURL(writeFiles(report(), folder)[0]!).href
    browser = await chromium.launch({ executablePath: executablePath!, args })
  }, 60_000)

  afterAll(async () => {
    await browser.close()
    rmSync(folder, { recursive: true })
  })

  it('draws every table, curve and timeline, and nobody complains', async () => {
    const page = await open({ viewport: { width: 1200, height: 900 } })
    expect(await page.locator('main > section').count()).toBe(8)
    expect(await page.locator('table.bars tbody tr').count()).toBe(4)
    const widths = await page
      .locator('.bar')
      .evaluateAll((bars) => bars.map((one) => one.getBoundingClientRect().width))
    expect(Math.min(...widths)).toBeGreaterThan(0)
    expect(new Set(widths.map(Math.round)).size).toBeGreaterThan(2)
    const drawings = await page
      .locator('svg')
      .evaluateAll((all) => all.map((one) => one.querySelectorAll('path,rect').length))
    expect(drawings).toHaveLength(3 + 1 + 1 + 1) // by clients, percentiles, timeline, growth
    expect(Math.min(...drawings)).toBeGreaterThan(2)
    expect(await page.getByText('not run: serves 1 at a time').count()).toBeGreaterThan(0)
    await page.close()
    expect(complaints).toEqual([])
  })

  it('has words for every picture, and a name for whatever can be pressed', async () => {
    const page = await open({})
    const names = await page
      .locator('svg')
      .evaluateAll((all) => all.map((one) => [one.getAttribute('role'), one.getAttribute('aria-label')]))
    for (const [role, name] of names) expect([role, name!.length > 30]).toEqual(['img', true])
    const buttons = await page.locator('button, summary, a').allInnerTexts()
    expect(buttons.filter((text) => text.trim() === '')).toEqual([])
    expect(await page.locator('html').getAttribute('lang')).toBe('en')
    await page.close()
  })

  it('is used by keyboard: what has the focus is seen, sorts, comes to the front', async () => {
    const page = await open({})
    const reached = new Set<string>()
    for (let presses = 0; presses < 80; presses++) {
      await page.keyboard.press('Tab')
      const what = (await page.evaluate(
        'document.activeElement.tagName + "." + document.activeElement.className',
      )) as string
      reached.add(what.split(' ')[0]!)
    }
    expect([...reached]).toEqual(expect.arrayContaining(['A.skip', 'A.', 'BUTTON.', 'SUMMARY.', 'DIV.scroll']))
    const head = page.locator('.bars thead button').first()
    await head.focus()
    await page.keyboard.press('Enter')
    expect(await page.locator('.bars thead th').nth(1).getAttribute('aria-sort')).toBe('descending')
    expect(await page.locator('.bars tbody th').first().innerText()).toContain('eventServer')
    const curve = page.locator('.legend button').first()
    await curve.focus()
    await page.keyboard.press('Space')
    expect(await curve.getAttribute('aria-pressed')).toBe('true')
    expect(await page.locator('figure[data-front] svg .front').count()).toBeGreaterThan(0)
    await page.close()
  })

  it('is dark where the reader is, and light when told so', async () => {
    const page = await open({ colorScheme: 'dark' })
    const dark = await background(page)
    await page.getByRole('button', { name: 'Light or dark' }).click()
    const light = await background(page)
    await page.close()
    expect([dark, light]).toEqual(['rgb(18, 22, 28)', 'rgb(251, 250, 247)'])
  })

  it('fits a phone: only tables and timelines scroll, inside themselves', async () => {
    const page = await open({ viewport: { width: 375, height: 700 } })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(375)
    await page.close()
  })

  it('takes names for text, whatever they are', async () => {
    const page = await open({})
    expect(await page.getByText(HOSTILE).count()).toBeGreaterThan(0)
    await page.close()
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).not.toContain(HOSTILE)
    expect(complaints).toEqual([])
  })
})
