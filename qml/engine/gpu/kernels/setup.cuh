// Once a call, in one block: shared values become tangents, frame signs, scales and phase tables.
//
// exp(-i t/2 P) with |t| > pi/2 is the Pauli P times exp(-i t'/2 P), |t'| <= pi/2; the Pauli moves to the end of the
// circuit and flips the sign of every later angle and word that it anticommutes with. So |tan(t'/2)| <= 1 always, a
// rotation costs two multiply-adds an amplitude, and the cosines are applied a group at a time.
#pragma once
#include "team.cuh"

DEVICE double angle_of(const Call& q, int g, Real value) {
  const Turn& turn = q.turns[g];
  return turn.constant + (turn.kind == CONSTANT ? 0.0 : turn.coefficient * (double)value);
}

// (cos, sin) of half the angle of a prefix turn or row rotation, or minus half the angle of a phase, for one row.
DEVICE V2 local_value(const Call& q, int l, const Real* row) {
  const int g = q.locals[l]; const Turn& turn = q.turns[g]; const V4 form = q.forms[g];
  if (turn.kind != ROW) return {form.z, form.w};
  const double v = half_turns(angle_of(q, g, row[turn.column]));
  if (turn.role == PHASE) return {(Real)(-0.5 * v) * form.x, 0};
  Real s, c; sincos_pi((Real)(0.5 * v), &s, &c);
  return {c, s * form.x};
}

DEVICE void frames_of(const Call& q, unsigned* sx, unsigned* sz) {
  const int tid = threadIdx.x, T = blockDim.x, chunk = (q.n_turns + T - 1) / T;
  const int first = min(tid * chunk, q.n_turns), last = min(first + chunk, q.n_turns);
  unsigned x = 0, z = 0;
  for (int g = first; g < last; g++) {
    const Turn& turn = q.turns[g]; double v = half_turns(turn.kind == ROW ? 0.0 : angle_of(q, g, turn.kind == SHARED ? q.shared[turn.column] : (Real)0));
    int odd = 0;
    if (turn.role == ROTATION) { odd = v > 0.5 || v < -0.5; v -= v > 0.5 ? 1.0 : v < -0.5 ? -1.0 : 0.0; }
    double s, c; sincos_pi(0.5 * v, &s, &c);
    q.angles[g] = v; q.cosines[g] = c; q.frames[2 * g] = odd ? turn.x : 0; q.frames[2 * g + 1] = odd ? turn.z : 0;
    x ^= q.frames[2 * g]; z ^= q.frames[2 * g + 1];
  }
  sx[tid] = x; sz[tid] = z;
  for (int d = 1; d < T; d *= 2) {                        // inclusive prefix over threads
    __syncthreads(); const unsigned px = tid >= d ? sx[tid - d] : 0, pz = tid >= d ? sz[tid - d] : 0;
    __syncthreads(); sx[tid] ^= px; sz[tid] ^= pz;
  }
  __syncthreads();
  x ^= sx[tid]; z ^= sz[tid];                             // what stands in front of this thread's turns
  for (int g = first; g < last; g++) {
    const Turn& turn = q.turns[g]; const unsigned sign = __popc((x & turn.z) ^ (z & turn.x));
    double s, c; sincos_pi(0.5 * q.angles[g], &s, &c);
    const double form = turn.kind == ROW || turn.role == PREFIX ? 1.0 : turn.role == ROTATION ? s / c : -0.5 * q.angles[g];
    q.forms[g] = {(Real)flip(form, sign), (Real)flip(turn.coefficient, sign), (Real)c, (Real)s};
    q.angles[g] = flip(q.angles[g], sign);
    x ^= q.frames[2 * g]; z ^= q.frames[2 * g + 1];
  }
  __syncthreads();
  for (int w = tid; w < q.n_words; w += T)
    q.word_signs[w] = flip((Real)q.words[w].sign, __popc((sx[T - 1] & q.words[w].z) ^ (sz[T - 1] & q.words[w].x)));
}

// The inverses of a group are not normalised when a slope is taken inside it: each has divided ket and bra by its cosine.
DEVICE void scales_of(const Call& q) {
  for (int i = threadIdx.x; i < q.n_groups; i += blockDim.x) {
    const Group group = q.groups[i]; double scale = 1, square = 1;
    for (int g = group.last - 1; g >= group.first; g--) {
      const int role = q.turns[g].role;
      if (role != TABLE) q.forms[g].y *= (Real)square;
      if (role == ROTATION) { scale *= q.cosines[g]; square *= q.cosines[g] * q.cosines[g]; }
    }
    q.scales[group.pass] = scale;
  }
}

DEVICE void tables_of(const Call& q, int thread, int threads) {
  for (long long e = thread; e < (long long)q.n_tables << TILE_BITS; e += threads) {
    const Group table = q.diagonals[e >> TILE_BITS]; const unsigned* mask = q.masks + table.pass * MAX_TILE;
    const int c = (int)(e & (N - 1)), a = c >> LT, t = c & (TEAM - 1);
    unsigned i = 0;
    for (int k = 0; k < TILE_BITS; k++) if ((k < K ? a >> k : t >> (k - K)) & 1) i ^= mask[k];
    double f = 0, s, co;
    for (int g = table.first; g < table.last; g++) f -= flip(0.5 * q.angles[g], __popc(q.turns[g].z & i));
    sincos_pi(f - 2.0 * rint(0.5 * f), &s, &co);
    q.tables[e] = {(Real)(co * q.scales[table.pass]), (Real)(s * q.scales[table.pass])};
  }
}
