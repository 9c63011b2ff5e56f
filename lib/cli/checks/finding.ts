// What a check finds, and how checks read the kernel's files.
import { readFileSync } from 'node:fs'

export interface Finding {
  name: string
  ok: boolean
  /** What was found. */
  detail: string
  /** What to do where it is not ok. */
  cure?: string
  /** Something works without it. */
  optional?: boolean
  /** What does not. */
  without?: string
}

export type Check = () => Finding | Promise<Finding>

/** A file's text; empty where it can't be read. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

export const firstLine = (file: string): string => readText(file).split('\n')[0]!.trim()

/** Is version `have` (6.18.4-x) at least `want` (5.4)? */
export function atLeast(have: string, want: string): boolean {
  const numbers = (version: string): number[] => (version.match(/\d+/g) ?? []).map(Number)
  const mine = numbers(have)
  for (const [index, wanted] of numbers(want).entries()) {
    if ((mine[index] ?? 0) !== wanted) return (mine[index] ?? 0) > wanted
  }
  return true
}

/** A soft limit of this process, from /proc/self/limits. */
export function softLimit(name: string): number {
  const value = new RegExp(`^${name} +(\\S+)`, 'm').exec(readText('/proc/self/limits'))?.[1]
  return value === 'unlimited' ? Infinity : Number(value ?? NaN)
}

export const count = (value: number): string => (value === Infinity ? 'unlimited' : String(value))
