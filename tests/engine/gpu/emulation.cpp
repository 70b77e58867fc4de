// One instance of the kernels as a shared library: `qml_emulate` runs a launch as the driver would.
#define QML_EMULATION
#include "kernels.cuh"
static const double CANARY = 12345.678;
extern "C" int qml_call_bytes() { return (int)sizeof(Call); }
extern "C" void qml_order(int order) { emu::order = order; }
// 0 done, 1 deadlock, 2 written behind the shared memory, 3 no such kernel
extern "C" int qml_emulate(const char* name, int gx, int gy, int threads, long shared_bytes, const Call* given) {
  const Call q = *given; const std::string kernel = name;
  std::vector<double> memory(shared_bytes / 8 + 64, NAN); for (int k = 0; k < 32; k++) memory[memory.size() - 1 - k] = CANARY;
  unsigned char* smem = (unsigned char*)(((size_t)memory.data() + 127) & ~(size_t)127);
  static unsigned sx[SETUP_THREADS], sz[SETUP_THREADS];
  auto fresh = [&] { return smem; };
  std::function<void()> body;
  if (kernel == "qml_setup") body = [&] { setup_body(q, sx, sz); };
  else if (kernel == "qml_tables") body = [&] { tables_of(q, blockIdx.x * blockDim.x + threadIdx.x, gridDim.x * blockDim.x); };
  else if (kernel == "qml_shared_sums") body = [&] { shared_sums_body(q); };
#if QML_LARGE
  else if (kernel == "qml_rows") body = [&] { rows_body(q); };
  else if (kernel == "qml_words") body = [&] { words_body(q); };
  else if (kernel == "qml_product") body = [&] { product_body(q, fresh()); };
  else if (kernel == "qml_forward") body = [&] { forward_body(q, fresh()); };
  else if (kernel == "qml_observe") body = [&] { observe_body(q, fresh()); };
  else if (kernel == "qml_backward") body = [&] { backward_body(q, fresh()); };
  else if (kernel == "qml_ends") body = [&] { ends_body(q, fresh()); };
  else if (kernel == "qml_finish") body = [&] { finish_body(q, fresh()); };
#else
  else if (kernel == "qml_small") body = [&] { small_body(q, fresh()); };
#endif
  else return 3;
  if (emu::launch(gx, gy, threads, body)) return 1;
  for (int k = 0; k < 32; k++) if (memory[memory.size() - 1 - k] != CANARY) return 2;
  return 0;
}
