// Segments of loaded objects. See: man 3 dl_iterate_phdr.
#include "program.h"

#include <dlfcn.h>
#include <link.h>

#include <cstring>
#include <vector>

namespace posix_async::fork {
namespace {

Segments SegmentsOf(const dl_phdr_info& object) {
  Segments found;
  for (int i = 0; i < object.dlpi_phnum; i++) {
    const auto& segment = object.dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    const uintptr_t from = object.dlpi_addr + segment.p_vaddr;
    Range* range = (segment.p_flags & PF_W) ? &found.data : (segment.p_flags & PF_X) ? &found.code : nullptr;
    if (range == nullptr) continue;
    if (range->from == 0 || from < range->from) range->from = from;
    if (from + segment.p_memsz > range->to) range->to = from + segment.p_memsz;
  }
  return found;
}

// An object in which one of Node's functions is, which a distribution may have in libraries.
bool HasFunction(const Segments& segments, const char* name) {
  return segments.code.Has(reinterpret_cast<uintptr_t>(dlsym(RTLD_DEFAULT, name)));
}

struct Loaded {
  Segments program, library;
  std::vector<Range> code;     // of all
  std::vector<Range> runtime;  // of Node, V8 and libuv
  Range own;
  unsigned long long changes = 0;  // so many objects had been loaded and unloaded
};

// The first is the program itself.
int Look(dl_phdr_info* object, size_t, void* argument) {
  auto* loaded = static_cast<Loaded*>(argument);
  const Segments segments = SegmentsOf(*object);
  const bool is_first = loaded->code.empty(), has_libuv = HasFunction(segments, "uv_queue_work");
  if (is_first || has_libuv) loaded->program = segments;
  if (is_first || has_libuv || HasFunction(segments, "_ZN2v87Isolate10GetCurrentEv"))
    loaded->runtime.push_back(segments.code);
  if (strstr(object->dlpi_name, "/libc.so") != nullptr) loaded->library = segments;
  if (segments.code.Has(reinterpret_cast<uintptr_t>(&Look))) loaded->own = segments.code;
  loaded->code.push_back(segments.code);
  return 0;
}

Loaded& State() {
  static auto* const loaded = new Loaded();
  return *loaded;
}

const Loaded& AllLoaded() {
  if (State().code.empty()) LookAtLoaded();
  return State();
}

bool IsIn(const std::vector<Range>& ranges, uintptr_t address) {
  for (const Range& range : ranges)
    if (range.Has(address)) return true;
  return false;
}

}  // namespace

void LookAtLoaded() {
  const auto count_changes = [](dl_phdr_info* object, size_t, void* argument) {
    *static_cast<unsigned long long*>(argument) = object->dlpi_adds + object->dlpi_subs;
    return 1;
  };
  unsigned long long changes = 0;
  dl_iterate_phdr(count_changes, &changes);
  if (changes == State().changes) return;
  Loaded found;
  found.changes = changes;
  dl_iterate_phdr(Look, &found);
  State() = found;
}

const Segments& TheProgram() { return AllLoaded().program; }

const Segments& TheLibrary() { return AllLoaded().library; }

bool IsNativeCode(uintptr_t address) { return IsIn(AllLoaded().code, address); }

bool IsOwnCode(uintptr_t address) { return AllLoaded().own.Has(address); }

bool IsRuntimeCode(uintptr_t address) { return IsIn(AllLoaded().runtime, address); }

}  // namespace posix_async::fork
