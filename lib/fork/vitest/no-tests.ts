// A file without a test, by which a template is warmed: what vitest does for each file is done, and nothing of the project's own files runs.
export {}
