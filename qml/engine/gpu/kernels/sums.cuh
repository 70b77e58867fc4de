// Small pieces: signs, sines, barriers and sums over the threads of a team, all in a fixed order.
#pragma once
#include "types.cuh"

constexpr double INVERSE_PI = 0.31830988618379067154;
constexpr unsigned ALL_LANES = 0xffffffffu;

template <class R> DEVICE R flip(R value, unsigned sign) { return sign & 1 ? -value : value; }
DEVICE void sincos_pi(float a, float* s, float* c) { sincospif(a, s, c); }   // of half turns: no slow path, no local memory
DEVICE void sincos_pi(double a, double* s, double* c) { sincospi(a, s, c); }

// An angle in half turns, in (-1, 1]; NaN where neighbouring numbers are about a turn apart.
DEVICE double half_turns(double radians) {
  const double v = radians * INVERSE_PI;
  return fabs(v) < 1125899906842624.0 ? v - 2.0 * rint(0.5 * v) : (v - v) / (v - v);
}

DEVICE void team_sync() { if (LT <= 5) __syncwarp(); else __syncthreads(); }

DEVICE Real lane_sum(Real v) {                            // over the lanes of a team within one warp
#pragma unroll
  for (int k = 1; k < 1 << LANE_BITS; k *= 2) v += __shfl_xor_sync(ALL_LANES, v, k);
  return v;
}
DEVICE Real warp_sum(Real v) {
#pragma unroll
  for (int k = 16; k; k >>= 1) v += __shfl_xor_sync(ALL_LANES, v, k);
  return v;
}

// Four sums over 2^BITS lanes for little more than one: each step halves what a lane is responsible for.
// write(index, sum) runs in one lane for each index.
template <int BITS, class F> DEVICE void four_sums(Real a, Real b, Real c, Real d, int lane, F write) {
  if constexpr (BITS == 0) { write(0, a); write(1, b); write(2, c); write(3, d); }
  else {
    const bool high = lane >> (BITS - 1) & 1;
    const Real k0 = high ? c : a, k1 = high ? d : b, g0 = high ? a : c, g1 = high ? b : d;
    Real s0 = k0 + __shfl_xor_sync(ALL_LANES, g0, 1 << (BITS - 1)), s1 = k1 + __shfl_xor_sync(ALL_LANES, g1, 1 << (BITS - 1));
    if constexpr (BITS == 1) { write(2 * high, s0); write(2 * high + 1, s1); }
    else {
      const bool odd = lane >> (BITS - 2) & 1;
      Real s = (odd ? s1 : s0) + __shfl_xor_sync(ALL_LANES, odd ? s0 : s1, 1 << (BITS - 2));
#pragma unroll
      for (int k = 1 << (BITS - 2) >> 1; k; k >>= 1) s += __shfl_xor_sync(ALL_LANES, s, k);
      if ((lane & ((1 << (BITS - 2)) - 1)) == 0) write(2 * high + odd, s);
    }
  }
}
