// An HTTP application as a module: a short text for every request.
import { http } from 'posix-async'

export default http((_request, response) => response.end('hello, world\n'))
