// What the host hands to the kernels: one `Call` by value, and arrays that it points to. Mirrored in `packed.py`.
#pragma once
#ifdef QML_EMULATION
#include "emulation.h"
#else
#define QML_GRID_CONSTANT const __grid_constant__
#endif
#define DEVICE __device__ __forceinline__

// The instance: precision, index bits kept in registers (K) and spread over threads (LT), where the state lives, and
// which optional paths are compiled in.
#ifndef QML_REAL
#define QML_REAL float
#define QML_REGISTER_BITS 4
#define QML_THREAD_BITS 4
#define QML_LARGE 0
#define QML_PATHS 15
#endif
typedef QML_REAL Real;
constexpr int K = QML_REGISTER_BITS, LT = QML_THREAD_BITS, TILE_BITS = K + LT;
constexpr bool LARGE = QML_LARGE;               // a sample is many tiles in global memory
constexpr bool SIGNED = QML_PATHS & 1;          // rotations whose sign depends on the amplitude
constexpr bool FLIPS = QML_PATHS & 2;           // rotations with an even number of Y letters
constexpr bool VARIED = QML_PATHS & 4;          // rotations and phases inside the circuit that differ by row
constexpr bool WORDS_FLIP = QML_PATHS & 8;      // words with X or Y letters are read
constexpr bool PHASES = VARIED || LARGE;        // phases that are made in the kernel, not read from a table
constexpr int A = 1 << K, TEAM = 1 << LT, N = A * TEAM;  // amplitudes a thread, threads a sample (or tile), amplitudes
constexpr int BLOCK = TEAM > 32 ? TEAM : 32, TEAMS = BLOCK / TEAM, BLOCK_WARPS = BLOCK / 32;
constexpr int WARPS = TEAM > 32 ? TEAM / 32 : 1;         // warps of one team
constexpr int LANE_BITS = LT < 5 ? LT : 5;               // lanes of a team within one warp
constexpr int STRIDE = N + (LT < 4 ? TEAM : 0);          // exchange slots of a team; skewed where teams share a warp
// Warps that a multiprocessor shall hold at least: 8 leave 255 registers a thread, 12 leave 168, 16 leave 128.
// Before sm_90 shared memory holds one block of 256 threads only, so that it may have all registers.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 900
constexpr bool ONE_BLOCK = TEAM == 256;
#else
constexpr bool ONE_BLOCK = false;
#endif
constexpr int RESIDENT_WARPS = ONE_BLOCK || K + (sizeof(Real) == 8) >= 5 ? 8 : sizeof(Real) == 8 && K == 3 ? 12 : 16;
constexpr int RESIDENT = RESIDENT_WARPS / BLOCK_WARPS > 0 ? RESIDENT_WARPS / BLOCK_WARPS : 1;
static_assert(!LARGE || TEAMS == 1, "a tile takes a whole block");
constexpr int SETUP_THREADS = 256, MAX_K = 5, MAX_TILE = 14, MAX_OUTER = 20;

struct alignas(2 * sizeof(Real)) V2 { Real x, y; };
struct alignas(16) V4 { Real x, y, z, w; };              // ket (re, im) and bra (re, im)

enum { CONSTANT = 0, SHARED = 1, ROW = 2 };                                            // Turn.kind
enum { PREFIX = 0, TABLE = 1, PHASE = 2, ROTATION = 3, ROW_ROTATION = 4 };             // Turn.role
enum { VALUES = 1, GRADIENT = 2, KEEP = 4, RESUME = 8 };                               // Call.mode

struct Turn { double coefficient, constant; unsigned x, z; int kind, column, role, pass, axis, local, slot, coordinate; };
struct Pass {   // one coordinate system: a table, phases, then at most K rotations, each on one register bit
  unsigned short reg[MAX_K], pattern[MAX_K], thread_z[MAX_K], kind[MAX_K];
  int turn[MAX_K], table, spot, spots, scaled, plain;
};
struct Group { int first, last, pass, pad; };            // turns whose cosines one pass applies
struct Spot { int coordinate, first, count, pad; };      // turns, or words, with one sign pattern
struct Word { unsigned x, z; int sign, pad; };
struct Channel { unsigned x; int odd, address, spot, spots, pad; };   // words that flip the same bits
struct Sweep { unsigned tile[MAX_TILE], outer[MAX_OUTER]; int pass0, pass1, natural, turn0, turn1, pad; };

struct Call {
  const Turn* turns; const Pass* passes; const Group* groups; const Group* diagonals; const Spot* spots; const int* members;
  const Word* words; const Channel* channels; const Sweep* sweeps;
  const unsigned short* bases;                            // [pass][thread]: exchange slot of the thread's coset
  const unsigned* masks;                                  // [pass][MAX_TILE]: index masks, register bits first
  const int *prefix, *wires, *locals, *column_first, *column_locals, *shared_turns, *shared_first, *shared_slots;
  double *angles, *cosines, *scales; unsigned* frames;      // scratch of the setup: of each turn, in half turns; of each pass
  V4* forms; Real* word_signs; V2* tables;
  const Real* rows; const Real* shared; const V2* initial; const Real* cotangent;
  Real* values; Real* grad_rows; Real* grad_shared; V2* grad_initial; V2* kets;
  Real *parts, *table_sums, *arena, *row_parts, *word_parts, *wire_parts;
  V2 *local_values, *source, *ket, *bra;
  long long initial_stride;
  int n, n_turns, n_prefix, n_local, n_slots, n_passes, n_groups, n_tables, n_words, n_channels, n_rows, n_shared;
  int batch, mode, arena_shared, arena_words, sweep, tiles, part_blocks, accumulate, tables_inside, pad;
};
