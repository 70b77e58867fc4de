// Runs the CUDA kernels on the CPU, one block at a time: each CUDA thread is a fibre, warp and block barriers count their
// threads, shuffles go through a buffer of the warp. For checking what is computed, never for timing.
#pragma once
#include <setjmp.h>
#include <ucontext.h>
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>
#define __device__
#define __host__
#define __forceinline__ inline
#define QML_GRID_CONSTANT const
struct Dim { unsigned x = 1, y = 1, z = 1; };
static Dim threadIdx, blockIdx, blockDim, gridDim;
using std::min;
using std::rint;
namespace emu {
struct Barrier { int count = 0, generation = 0; };
struct Frame { jmp_buf at; };
static Frame scheduler; static std::vector<Frame> fibre; static std::vector<char> started, done; static std::vector<std::vector<char>> stack;
static ucontext_t home; static std::vector<ucontext_t> context;
static int current, order = 0, stuck = 0;   // order of the fibres between barriers: 0 up, 1 down, 2 shuffled
static Barrier block; static std::vector<Barrier> warp; static std::vector<double> slot; static std::function<void()> body;
static void yield() { const int me = current; if (!_setjmp(fibre[me].at)) _longjmp(scheduler.at, 1); threadIdx.x = me; }
static void wait(Barrier& b, int n) { const int g = b.generation; if (++b.count == n) { b.count = 0; b.generation++; } else while (b.generation == g) yield(); }
static void entry() { body(); done[current] = 1; _longjmp(scheduler.at, 1); }
static void resume(int t) {
  current = t; threadIdx.x = t;
  if (_setjmp(scheduler.at)) return;
  if (started[t]) _longjmp(fibre[t].at, 1);
  started[t] = 1; setcontext(&context[t]);
}
// 0, or 1 when the threads wait for one another at different barriers for ever
static int launch(int gx, int gy, int threads, std::function<void()> f) {
  body = f; gridDim.x = gx; gridDim.y = gy; blockDim.x = threads; fibre.resize(threads); stack.resize(threads); context.resize(threads); slot.assign(threads, 0.0);
  std::vector<int> turn(threads);
  for (int by = 0; by < gy; by++) for (int bx = 0; bx < gx; bx++) {
    blockIdx.x = bx; blockIdx.y = by; started.assign(threads, 0); done.assign(threads, 0); block = Barrier(); warp.assign((threads + 31) / 32, Barrier());
    for (int t = 0; t < threads; t++) {
      stack[t].resize(128 << 10); getcontext(&context[t]); context[t].uc_stack.ss_sp = stack[t].data(); context[t].uc_stack.ss_size = stack[t].size();
      context[t].uc_link = nullptr; makecontext(&context[t], entry, 0); turn[t] = order == 1 ? threads - 1 - t : t;
    }
    long idle = 0;
    for (int left = threads; left;) {
      left = 0; const int before = block.generation; long waits = 0; for (auto& w : warp) waits += w.generation;
      if (order == 2) for (int t = threads - 1; t > 0; t--) std::swap(turn[t], turn[rand() % (t + 1)]);
      for (int t : turn) if (!done[t]) { left++; resume(t); }
      long after = 0; for (auto& w : warp) after += w.generation;
      int ended = 0; for (char d : done) ended += d;
      idle = before == block.generation && waits == after && ended == threads - left ? idle + 1 : 0;
      if (idle > 4) return 1;
    }
  }
  return 0;
}
}
static void __syncthreads() { emu::wait(emu::block, blockDim.x); }
static void __syncwarp() { emu::wait(emu::warp[threadIdx.x >> 5], 32); }
template <class T> static T __shfl_xor_sync(unsigned, T v, int k) { const int me = threadIdx.x; emu::slot[me] = (double)v; __syncwarp(); const T r = (T)emu::slot[me ^ k]; __syncwarp(); return r; }
static inline int __popc(unsigned v) { return __builtin_popcount(v); }
static inline void sincospif(float a, float* s, float* c) { *s = (float)std::sin(M_PI * (double)a); *c = (float)std::cos(M_PI * (double)a); }
static inline void sincospi(double a, double* s, double* c) { *s = std::sin(M_PI * a); *c = std::cos(M_PI * a); }
