// All checks of doctor, in the order they are shown.
import type { Check } from './finding.js'
import { forking } from './fork.js'
import { limits } from './limits.js'
import { platform } from './platform.js'
import { tools } from './tools.js'

export const checks: readonly Check[] = [...platform, ...limits, ...forking, ...tools]
