// The handler "think" as a module, for servers that load it once a thread.
export { think as default } from '../handlers.js'
