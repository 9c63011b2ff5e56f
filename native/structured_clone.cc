// What a structured clone would take: see core/structured_clone.h. Any thread of JavaScript.
#include "core/structured_clone.h"

#include "binding.h"

namespace posix_async {
namespace {

int64_t Cost(Bytes bytes, unsigned version) { return CostOfStructuredClone(bytes.data, bytes.size, version); }

}  // namespace

void RegisterStructuredClone(Exports& exports) { exports.Function<&Cost>("costOfStructuredClone"); }

}  // namespace posix_async
