{
  "targets": [
    {
      "target_name": "posix_async",
      "sources": [
        "native/addon.cc",
        "native/core/fork/fork.cc",
        "native/core/fork/maps.cc",
        "native/core/fork/park.cc",
        "native/core/fork/revive.cc",
        "native/core/fork/silence.cc",
        "native/core/fork/thread_table.cc",
        "native/core/handlers/echo.cc",
        "native/core/handlers/fibonacci.cc",
        "native/core/handlers/handler.cc",
        "native/core/handlers/running.cc",
        "native/core/signal_mask.cc",
        "native/epoll.cc",
        "native/event_fd.cc",
        "native/fd.cc",
        "native/fork.cc",
        "native/handler.cc",
        "native/memory.cc",
        "native/no_wait.cc",
        "native/poll.cc",
        "native/process.cc",
        "native/readiness.cc",
        "native/select.cc",
        "native/signal.cc",
        "native/process_ids.cc",
        "native/readiness.cc",
        "native/resource.cc",
        "native/sendfile.cc",
        "native/signal.cc",
        "native/socket.cc",
        "native/socket_message.cc"
      ],
      "include_dirs": ["native", "<!@(node -p \"require('node-addon-api').include_dir\")", "include"],
      "defines": ["NAPI_VERSION=8", "NAPI_DISABLE_CPP_EXCEPTIONS", "_GNU_SOURCE"],
      "cflags!": ["-fno-exceptions"],
      "cflags": ["-Wall", "-Wextra", "-Werror", "-O2", "-fvisibility=hidden", "-fstack-protector-strong"],
      "cflags_cc": ["-std=c++17", "-fno-exceptions", "-fno-rtti"],
      "ldflags": ["-Wl,-z,relro,-z,now,-z,nodelete"],
      "libraries": ["-ldl", "-lpthread"]
    }
  ]
}
