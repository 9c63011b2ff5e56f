// Segments of loaded objects. See: man 3 dl_iterate_phdr.
#include "program.h"

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

struct Loaded {
  Segments program, library;
  std::vector<Range> code;  // of all
  bool is_first = true;     // the first is the program itself
};

int Look(dl_phdr_info* object, size_t, void* argument) {
  auto* loaded = static_cast<Loaded*>(argument);
  const Segments segments = SegmentsOf(*object);
  if (loaded->is_first) loaded->program = segments;
  if (strstr(object->dlpi_name, "/libc.so") != nullptr) loaded->library = segments;
  loaded->code.push_back(segments.code);
  loaded->is_first = false;
  return 0;
}

const Loaded& AllLoaded() {
  static const Loaded loaded = [] {
    Loaded found;
    dl_iterate_phdr(Look, &found);
    return found;
  }();
  return loaded;
}

}  // namespace

const Segments& TheProgram() { return AllLoaded().program; }

const Segments& TheLibrary() { return AllLoaded().library; }

bool IsNativeCode(uintptr_t address) {
  for (const Range& range : AllLoaded().code)
    if (range.Has(address)) return true;
  return false;
}

}  // namespace posix_async::fork
