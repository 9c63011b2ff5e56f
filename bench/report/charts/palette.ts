// The colours of all pictures, by name and for light and dark; and how a series is told from another.
import type { Family } from '../../contest/contestants.js'

const light = {
  paper: '#fbfaf7',
  card: '#ffffff',
  ink: '#1c2430',
  muted: '#5d6877',
  rule: '#e2e0d8',
  accent: '#0b6e4f',
  'C-1': '#5f6c7b',
  'C-2': '#98a3b0',
  'C-3': '#3c4652',
  'posix-1': '#0a7a55',
  'posix-2': '#3fb68b',
  'posix-3': '#7aa61c',
  'posix-4': '#0f5f80',
  'node-1': '#d2761b',
  'node-2': '#a3480f',
  'Python-1': '#8556b5',
  'Python-2': '#b48ad6',
  'yours-1': '#c2255c',
  'do-accept': '#2f6fc4',
  'do-fork': '#a23fae',
  'do-thread': '#c86dd1',
  'do-read': '#1197a6',
  'do-compute': '#e8a33d',
  'do-write': '#0a7a55',
  'do-close': '#8a93a0',
  'do-exit': '#2b323c',
  'do-wait': '#e9e6dd',
  'do-ring': '#c2255c',
}

export type Color = keyof typeof light

const dark: Record<Color, string> = {
  paper: '#12161c',
  card: '#1a2029',
  ink: '#e8ebef',
  muted: '#9aa6b4',
  rule: '#2c3440',
  accent: '#4cc79a',
  'C-1': '#a3afbd',
  'C-2': '#6b7786',
  'C-3': '#d5dbe2',
  'posix-1': '#35c48f',
  'posix-2': '#8fe0bd',
  'posix-3': '#b5d651',
  'posix-4': '#4fb3da',
  'node-1': '#f0a04b',
  'node-2': '#d9743a',
  'Python-1': '#b48ae0',
  'Python-2': '#8760b3',
  'yours-1': '#f06595',
  'do-accept': '#6ea6ef',
  'do-fork': '#cf74da',
  'do-thread': '#e3a5e9',
  'do-read': '#45c3d1',
  'do-compute': '#f2b95c',
  'do-write': '#35c48f',
  'do-close': '#76808d',
  'do-exit': '#dfe4ea',
  'do-wait': '#2a313c',
  'do-ring': '#f06595',
}

/** Works in an attribute of inline SVG as well as in CSS. */
export const color = (name: Color): string => `var(--${name})`

const declarations = (colors: Record<Color, string>): string =>
  Object.entries(colors)
    .map(([name, value]) => `--${name}:${value}`)
    .join(';')

/** The declarations for a page: light, dark where the reader's system is, and either when chosen. */
export const COLOR_CSS = `:root{${declarations(light)}}
@media (prefers-color-scheme:dark){:root:not([data-theme=light]){${declarations(dark)}}}
:root[data-theme=dark]{${declarations(dark)}}`

/** The same picture as a file of its own, for paper: the colours by value, on white. */
export function standalone(svg: string): string {
  const drawn = svg.replace(/var\(--([\w-]+)\)/g, (whole, name: string) => light[name as Color] ?? whole)
  return drawn.replace(/^(<svg [^>]*>)/, `$1<rect width="100%" height="100%" fill="#ffffff"/>`)
}

const shades: Record<Family, readonly Color[]> = {
  C: ['C-1', 'C-2', 'C-3'],
  'posix-async': ['posix-1', 'posix-2', 'posix-3', 'posix-4'],
  node: ['node-1', 'node-2'],
  Python: ['Python-1', 'Python-2'],
  yours: ['yours-1'],
}

const SYMBOLS = ['circle', 'rect', 'triangle', 'diamond'] as const

/** Colour and symbol for the nth of a family in a picture. */
export function styleOf(family: Family, nth: number): { color: string; symbol: (typeof SYMBOLS)[number] } {
  const own = shades[family]
  return { color: color(own[nth % own.length]!), symbol: SYMBOLS[nth % SYMBOLS.length]! }
}
