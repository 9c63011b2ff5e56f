// The loop's phase at the fork.
//
// The facts it rests on: libuv moves what is due in a phase into a list on its stack and goes through that. What a
// handle calls when it is closed is a field of it, in the public uv.h, and nothing is called where it is null; what a
// stream has under way hangs on the stream. Results of the pool hang on nothing but that list, and each counts down the
// requests of the loop, which are the child's own by then. So they are taken into a list of this file's, by its own
// callback of loop->wq_async. A request that has been worked on has lost its function (uv__work::work); one that was
// cancelled has another.
#include "loop_phase.h"

#include <cstddef>

namespace posix_async::fork {
namespace {

// A node of libuv's queues: next and previous, in every libuv 1.x. A queue begins with one.
struct Node {
  Node *next, *previous;
};

Node* AsNode(void* node) { return static_cast<Node*>(node); }
bool IsEmpty(const Node& head) { return head.next == &head; }
void Clear(Node* head) { head->next = head->previous = head; }

void Remove(Node* node) {
  node->previous->next = node->next;
  node->next->previous = node->previous;
}

void Append(Node* head, Node* node) {
  node->next = head;
  node->previous = head->previous;
  head->previous->next = node;
  head->previous = node;
}

Node results = {};  // taken from the loop, to be handed out

uv__work* WorkOf(Node* node) {
  return reinterpret_cast<uv__work*>(reinterpret_cast<char*>(node) - offsetof(uv__work, wq));
}

void TakeAll(uv_loop_t* loop) {
  uv_mutex_lock(&loop->wq_mutex);
  Node* const head = AsNode(&loop->wq);
  while (!IsEmpty(*head)) {
    Node* const first = head->next;
    Remove(first);
    Append(&results, first);
  }
  uv_mutex_unlock(&loop->wq_mutex);
}

// As libuv's own callback does it, which besides tells the loop's metrics of each.
void HandOut() {
  Node* const first = results.next;
  Remove(first);
  uv__work* const work = WorkOf(first);
  work->done(work, work->work == nullptr ? 0 : UV_ECANCELED);  // what has been worked on has no function any more
}

void OnResults(uv_async_t* async) {
  TakeAll(async->loop);
  while (!IsEmpty(results)) HandOut();
}

void DropRequests(uv_stream_t* stream) {
  Clear(AsNode(&stream->write_queue));
  Clear(AsNode(&stream->write_completed_queue));
  stream->write_queue_size = 0;
  stream->connect_req = nullptr;
  stream->shutdown_req = nullptr;
}

void DropRequests(uv_udp_t* socket) {
  Clear(AsNode(&socket->write_queue));
  Clear(AsNode(&socket->write_completed_queue));
}

void DropRequestsOf(uv_handle_t* handle) {
  if (handle->type == UV_TCP || handle->type == UV_NAMED_PIPE || handle->type == UV_TTY)
    DropRequests(reinterpret_cast<uv_stream_t*>(handle));
  if (handle->type == UV_UDP) DropRequests(reinterpret_cast<uv_udp_t*>(handle));
}

void DropOne(uv_handle_t* handle, void*) {
  DropRequestsOf(handle);
  if (handle->type == UV_ASYNC) reinterpret_cast<uv_async_t*>(handle)->pending = 0;
  if (uv_is_closing(handle)) handle->close_cb = nullptr;
}

}  // namespace

void KeepResultsInReach(uv_loop_t* loop) {
  Clear(&results);
  loop->wq_async.async_cb = OnResults;
}

// Each node is a queue of its own then, which tells what was dropped from what is being handed out (child_loop.cc).
void DropResults() {
  while (results.next != nullptr && !IsEmpty(results)) {
    Node* const first = results.next;
    Remove(first);
    Clear(first);
  }
}

void DropPhase(uv_loop_t* loop) { uv_walk(loop, DropOne, nullptr); }

}  // namespace posix_async::fork
