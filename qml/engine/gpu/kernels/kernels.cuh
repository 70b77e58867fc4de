// The kernels of one instance, by name.
#ifndef QML_LARGE
#define QML_LARGE 0
#endif
#include "large.cuh"

// Slopes of shared values: one warp a column, its slots and their blocks in a fixed order.
DEVICE void shared_sums_body(const Call& q) {
  const int lane = threadIdx.x & 31, warps = blockDim.x >> 5;
  for (int s = blockIdx.x * warps + (threadIdx.x >> 5); s < q.n_shared; s += gridDim.x * warps) {
    Real z = 0;
    for (int k = q.shared_first[s]; k < q.shared_first[s + 1]; k++)
      for (int b = lane; b < q.part_blocks; b += 32) z += q.parts[(size_t)b * q.n_slots + q.shared_slots[k]];
    z = warp_sum(z);
    if (lane == 0) q.grad_shared[s] = q.accumulate ? q.grad_shared[s] + z : z;
  }
}
DEVICE void setup_body(const Call& q, unsigned* sx, unsigned* sz) {
  frames_of(q, sx, sz);
  __syncthreads();
  scales_of(q);
  if (!q.tables_inside) return;
  __syncthreads();
  tables_of(q, threadIdx.x, blockDim.x);
}
#ifndef QML_EMULATION
#define KERNEL(NAME, THREADS) extern "C" __global__ void __launch_bounds__(THREADS) NAME(QML_GRID_CONSTANT Call q)
#define TEAM_KERNEL(NAME) extern "C" __global__ void __launch_bounds__(BLOCK, RESIDENT) NAME(QML_GRID_CONSTANT Call q)
#define SMEM extern __shared__ __align__(16) unsigned char smem[]
KERNEL(qml_setup, SETUP_THREADS) { __shared__ unsigned sx[SETUP_THREADS], sz[SETUP_THREADS]; setup_body(q, sx, sz); }
KERNEL(qml_tables, SETUP_THREADS) { tables_of(q, blockIdx.x * blockDim.x + threadIdx.x, gridDim.x * blockDim.x); }
KERNEL(qml_shared_sums, SETUP_THREADS) { shared_sums_body(q); }
#if QML_LARGE
KERNEL(qml_rows, SETUP_THREADS) { rows_body(q); }
KERNEL(qml_words, SETUP_THREADS) { words_body(q); }
TEAM_KERNEL(qml_product) { SMEM; product_body(q, smem); }
TEAM_KERNEL(qml_forward) { SMEM; forward_body(q, smem); }
TEAM_KERNEL(qml_observe) { SMEM; observe_body(q, smem); }
TEAM_KERNEL(qml_backward) { SMEM; backward_body(q, smem); }
TEAM_KERNEL(qml_ends) { SMEM; ends_body(q, smem); }
TEAM_KERNEL(qml_finish) { SMEM; finish_body(q, smem); }
#else
TEAM_KERNEL(qml_small) { SMEM; small_body(q, smem); }
#endif
#endif
