// Whether io_uring can be used where the tests run; where not, the titles of skipped tests say why.
import { Ring } from 'posix-async/posix'

const availability = Ring.availability()

export const noRing = !availability.available
export const whyNoRing = availability.available ? '' : ` (skipped: ${availability.code}: ${availability.reason})`
