/*
 * signal_frame_x86_64: the signal frame that lets a thread finish without us.
 *
 * It is the one that the kernel itself would lay down for a signal handler (arch/x86: struct rt_sigframe): return
 * address, ucontext, siginfo, and above them the xsave area with its two magic words. Facts measured on kernels 6.x;
 * the format is ABI since 2.6.30.
 */
#include <string.h>

#include "tracee_private.h"

#if defined(__x86_64__)
#include <cpuid.h>

#define FP_MAGIC1 0x46505853u
#define FP_MAGIC2 0x46505845u

enum {
	UC_FP_XSTATE = 1,
	UC_SIGCONTEXT_SS = 2,
	UC_STRICT_RESTORE_SS = 4,
	RED_ZONE = 128,
	XSAVE_SOFTWARE = 464, /* offset of the bytes that are ours in an xsave area; ptrace puts XCR0 there */
	XSAVE_HEADER = 512,
	SIGINFO_BYTES = 128,
};

struct frame_context { /* struct sigcontext_64 */
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15, di, si, bp, bx, dx, ax, cx, sp, ip, flags;
	uint16_t cs, gs, fs, ss;
	uint64_t err, trapno, oldmask, cr2, fpstate, reserved[8];
};

struct frame { /* struct rt_sigframe */
	uint64_t return_address;
	uint64_t uc_flags, uc_link;
	uint64_t stack_sp;
	uint32_t stack_flags, pad;
	uint64_t stack_size;
	struct frame_context context;
	uint64_t signal_mask;
	unsigned char siginfo[SIGINFO_BYTES];
};

struct fp_software { /* struct _fpx_sw_bytes */
	uint32_t magic1, extended_size;
	uint64_t features;
	uint32_t xstate_size, padding[7];
};

_Static_assert(sizeof(struct frame_context) == 256, "sigcontext");
_Static_assert(sizeof(struct fp_software) == 48, "_fpx_sw_bytes");

/* The standard format, up to the last component that is not a tile. Asked once: in a virtual machine CPUID is slow. */
static size_t bytes_without_tiles(size_t most)
{
	static size_t end;
	unsigned a, b, c, d;

	if (end)
		return end < most ? end : most;
	end = 576;
	for (unsigned i = 2; i < 17; i++) {
		__cpuid_count(13, i, a, b, c, d);
		if (a && !(c & 1) && b + a > end) /* user components only */
			end = b + a;
	}
	__cpuid_count(13, 19, a, b, c, d); /* beyond the tiles: APX */
	if (a && !(c & 1) && b + a > end)
		end = b + a;
	return end < most ? end : most;
}

void tracee_warm(void)
{
	bytes_without_tiles(0);
}

/*
 * A thread that never used AMX has a smaller area than ptrace shows, and rt_sigreturn refuses one that is too large:
 * leave the tile components out unless they are in use.
 */
static size_t usable_xstate(const struct tracee_state *state, uint64_t *ret_features)
{
	const uint64_t tiles = 3ull << 17;
	uint64_t in_use;

	memcpy(ret_features, state->xstate + XSAVE_SOFTWARE, sizeof(*ret_features));
	memcpy(&in_use, state->xstate + XSAVE_HEADER, sizeof(in_use));
	if (!(*ret_features & tiles) || (in_use & tiles))
		return state->xstate_bytes;
	*ret_features &= ~tiles;
	return bytes_without_tiles(state->xstate_bytes);
}

static size_t fp_bytes(const struct tracee_state *state)
{
	uint64_t features;

	return usable_xstate(state, &features) + sizeof(uint32_t);
}

size_t tracee_frame_bytes(const struct tracee_state *state)
{
	return sizeof(struct frame) + 64 + fp_bytes(state);
}

/* The kernel's alignment: a handler finds its stack as after a call. */
raddr tracee_frame_below(const struct tracee_state *state, raddr stack_top)
{
	return ((stack_top - tracee_frame_bytes(state)) & ~(raddr)15) - 8;
}

raddr tracee_frame_place(const struct tracee_state *state)
{
	return tracee_frame_below(state, state->regs.rsp - RED_ZONE);
}

size_t tracee_frame_build(const struct tracee_state *state, const struct gadgets *gadgets, raddr at, unsigned char *to)
{
	struct user_regs_struct r = tracee_state_restarted(state);
	raddr fp = (at + sizeof(struct frame) + 63) & ~(raddr)63;
	struct fp_software software = { .magic1 = FP_MAGIC1 };
	size_t xstate = usable_xstate(state, &software.features);
	uint32_t magic2 = FP_MAGIC2;
	struct frame f = {
		.return_address = gadgets->sigreturn,
		.uc_flags = UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS,
		.stack_flags = 0xffff, /* no such mode: rt_sigreturn leaves the alternate stack as it is */
		.signal_mask = state->signal_mask,
		.context = {
			.r8 = r.r8, .r9 = r.r9, .r10 = r.r10, .r11 = r.r11, .r12 = r.r12, .r13 = r.r13, .r14 = r.r14,
			.r15 = r.r15, .di = r.rdi, .si = r.rsi, .bp = r.rbp, .bx = r.rbx, .dx = r.rdx, .ax = r.rax,
			.cx = r.rcx, .sp = r.rsp, .ip = r.rip, .flags = r.eflags, .cs = (uint16_t)r.cs,
			.ss = (uint16_t)r.ss, .fpstate = fp,
		},
	};

	software.xstate_size = (uint32_t)xstate;
	software.extended_size = (uint32_t)(xstate + sizeof(magic2));
	memcpy(to, &f, sizeof(f));
	memcpy(to + (fp - at), state->xstate, xstate);
	memcpy(to + (fp - at) + XSAVE_SOFTWARE, &software, sizeof(software));
	memcpy(to + (fp - at) + xstate, &magic2, sizeof(magic2));
	return (size_t)(fp - at) + xstate + sizeof(magic2);
}
#endif
