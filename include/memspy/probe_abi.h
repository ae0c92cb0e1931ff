/*
 * probe_abi: what the probe (in the target) and memspy (outside) share, and nothing else.
 *
 * Three things: the configuration that memspy writes into the probe before it is armed, the private pages that
 * a fork wipes, and the shared table (a memfd that both sides map). The table is a set of claims: memspy copies it
 * and checks every index against the copy; the probe bounds every index that it reads from it.
 *
 * Fixed widths only, all sizes asserted. Included by freestanding code: nothing but stdint here.
 * Any change of layout or meaning is a new PROBE_ABI.
 */
#pragma once

#include <stdint.h>

#define PROBE_ABI 9u
#define PROBE_MAGIC 0x65626f7270737931u	      /* in the table's header */
#define PROBE_PRIVATE_MAGIC 0x6574617669727031u /* in the private pages; 0 after a fork: then we are the child */
#define PROBE_PRIVATE_PASSIVE 1u /* in its place: a child that was to be followed and is not */

/* ---- hooks: one per function of the target that the probe can stand in for ---- */

enum probe_hook {
	HOOK_MALLOC,
	HOOK_CALLOC,
	HOOK_REALLOC,
	HOOK_REALLOCARRAY,
	HOOK_FREE,
	HOOK_POSIX_MEMALIGN,
	HOOK_ALIGNED_ALLOC,
	HOOK_MEMALIGN,
	HOOK_VALLOC,
	HOOK_PVALLOC,
	HOOK_MMAP,
	HOOK_MUNMAP,
	HOOK_MREMAP,
	HOOK_DLOPEN,
	/* CPython's allocator tables; functions take ctx first */
	HOOK_MEM_MALLOC,
	HOOK_MEM_CALLOC,
	HOOK_MEM_REALLOC,
	HOOK_MEM_FREE,
	HOOK_OBJ_MALLOC,
	HOOK_OBJ_CALLOC,
	HOOK_OBJ_REALLOC,
	HOOK_OBJ_FREE,
	HOOK_COUNT,
};

/* ---- how to walk Python frames: filled by memspy from its layouts, used by the probe without knowledge of versions ---- */

enum probe_thread_way {
	PROBE_THREAD_NONE,    /* no Python stacks */
	PROBE_THREAD_KEY,     /* pthread_getspecific(the number at current) gives this thread's state (3.6 to 3.14) */
	PROBE_THREAD_CURRENT, /* a global pointer to the running thread's state, ours when its thread id is ours (2.7, 3.6) */
	PROBE_THREAD_TLS,     /* at a fixed distance from the thread pointer (3.15) */
	PROBE_THREAD_VECTOR,  /* in the thread's room for the module that is number key, if it has any (3.15, loaded late) */
};

enum { PROBE_OWNER_NONE = 0xffffffffu };

/* A str, or bytes: where its characters are. */
struct probe_string {
	uint32_t length;	/* offset of the count of characters */
	uint32_t state;		/* offset of the state word; PROBE_OWNER_NONE: plain bytes (2.7) */
	uint32_t kind_shift, kind_mask; /* (state >> shift) & mask: bytes per character */
	uint32_t compact_mask, ascii_mask, ready_mask; /* ready_mask 0: always ready */
	uint32_t ascii_data;	/* offset of the characters: compact ascii; plain bytes */
	uint32_t compact_data;	/* compact, not ascii */
	uint32_t legacy_data;	/* offset of a pointer to them: not compact; 0: there are none such */
};

enum { PROBE_KEYS_MAX = 1024 }; /* PTHREAD_KEYS_MAX of glibc; musl has fewer */

struct probe_python {
	uint32_t way; /* enum probe_thread_way */
	uint32_t key;
	uint64_t getspecific;	     /* address of pthread_getspecific */
	uint64_t current;	     /* address of the global pointer; of the key's number, which a child of a fork may change */
	int64_t tls_offset; /* from the thread pointer; from the beginning of the room */
	uint64_t finalizing;	     /* address of a word that is not 0 once the interpreter is being torn down; 0: none */
	uint32_t finalizing_size;    /* 4 or 8 */
	uint32_t tstate_thread_id;   /* must equal the thread pointer: else the state is not ours */
	uint32_t tstate_frame;	     /* pointer to the innermost frame, or to the cframe */
	uint32_t cframe_frame;	     /* offset in the cframe; PROBE_OWNER_NONE: there is no cframe */
	uint32_t frame_previous;
	uint32_t frame_code;
	uint32_t frame_code_mask;    /* bits to clear in the code reference: 0, or 3 from 3.14 on */
	uint32_t frame_owner;	     /* offset of the owner byte; PROBE_OWNER_NONE: there is none */
	uint32_t owner_generator;    /* this owner's frames are always complete */
	uint32_t owner_skip;	     /* frames with an owner from here on are not Python: step over them */
	uint32_t frame_position;     /* offset of f_lasti or of the instruction pointer */
	uint32_t lasti_scale;	     /* position is an int counting so many bytes; 0: it is a pointer */
	uint32_t code_start;	     /* offset of the bytecode in the code object, for pointers */
	/* Free-threaded 3.14+: each thread runs a copy of the bytecode, and the pointer leads into that one. */
	uint32_t frame_copy;	     /* offset of its number, 0 for the code's own; PROBE_OWNER_NONE: there are no copies */
	uint32_t code_copies;	     /* offset of a pointer to the array of them: how many, then where each begins */
	uint32_t tstate_state;	     /* offset of an int: only while that is 1 (attached) the array may not be freed */
	uint32_t code_first_traceable; /* offset (code units); PROBE_OWNER_NONE: no incomplete frames in this version */
	uint32_t code_filename, code_name, code_line_table, code_first_line;
	uint32_t bytes_length, bytes_data; /* of the bytes object that is the line table */
	struct probe_string string;
	uint32_t object_type;	     /* offset of ob_type in an object */
	uint64_t code_type;	     /* address of PyCode_Type: what a frame points to must be of it */
};

/*
 * The one thing the probe does as a function: make the table. `enter` runs in the name of a thread that memspy stopped
 * and has let go of by then; it ends in rt_sigreturn, back where it was. `enter_alone` is where a thread begins that
 * was made for this alone, with its stack pointer at `start`; it ends. Lies in config until the probe is armed.
 */
struct probe_entering {
	uint64_t start;		   /* address of enter_alone: the first thing such a thread takes off its stack */
	uint64_t image, image_bytes; /* where we are */
	uint64_t data, data_bytes; /* to be made writable */
	uint64_t wipe, wipe_bytes; /* to be wiped at fork */
	uint64_t near;		   /* where the page beside the interpreter is to be made; 0: nowhere */
	uint64_t table_bytes;
	char name[16];		   /* of the memfd */
	int64_t fd;		   /* out: descriptor + 1, or -errno */
	uint64_t table;		   /* out: where it is mapped */
	int64_t error;		   /* out: -errno of what failed */
	uint64_t left_cycles;	   /* out: when it was through */
	uint32_t opened;	   /* memspy has the descriptor, too, or needs none: it may be closed */
	uint32_t done;		   /* out: 1 the descriptor is closed, 2 it had to stay open */
};

/* ---- configuration: memspy writes it, the probe only reads it ---- */

struct probe_section {
	uint64_t offset; /* from the start of the table */
	uint32_t count;	 /* how many fit; a power of two for hash indexes */
	uint32_t pad;
};

struct probe_layout {
	struct probe_section live;  /* struct probe_live, open addressing, a power of two */
	struct probe_section sites; /* struct probe_site */
	struct probe_section site_index; /* uint32_t */
	struct probe_section nodes; /* struct probe_node */
	struct probe_section node_index;
	struct probe_section codes; /* struct probe_code */
	struct probe_section code_index;
	struct probe_section text_index; /* uint32_t: offset in text / 8 */
	struct probe_section text;  /* bytes */
};

struct probe_config {
	uint64_t table;	      /* address of the shared table in the target; 0: not configured */
	uint64_t table_bytes;
	struct probe_layout layout;
	uint64_t original[HOOK_COUNT]; /* what each hook stands in for, also of those that are not wanted; 0: not there */
	uint64_t wanted;	       /* a bit per hook that new objects are to lead to */
	uint64_t family;	       /* the first table, whose header has the places for children; 0: they are not followed */
	uint64_t places;	       /* those that there are, a bit for each: what the header says is checked against it */
	uint64_t near; /* where the page beside the interpreter is, or was to be; noted before it is made; 0: none (probes/near.c) */
	uint64_t tables[2];	       /* where the mem and obj tables are: for the memspy that comes after a killed one */
	struct probe_python python;
	uint64_t cycles_per_ms;
	uint64_t seed;
	uint64_t link_map;    /* address of the loader's r_debug; 0: unknown */
	uint64_t python_base; /* bias of the object that is CPython: its mmap is not turned */
	uint64_t iterate;     /* libc's dl_iterate_phdr: what holds the loader's list still; 0: unknown */
	uint32_t small_limit; /* requests above go on to malloc and are counted there */
	uint32_t divert;      /* 1: sampled small blocks come from malloc, so that free needs no hook of its own */
	uint32_t max_depth;   /* frames kept, innermost first; at most PROBE_MAX_DEPTH */
	uint32_t temporary_events; /* freed within so many sampled events by its own thread: temporary */
	uint32_t tid_offset;  /* offset of the kernel thread id from the thread pointer; 0: not known */
	uint32_t free_threaded; /* 1: there is no GIL, the tables lead to entry.free_threaded */
	struct probe_entering entering;
};

enum { PROBE_MAX_DEPTH = 1024 };

/* ---- the page beside the interpreter: code with the words it goes by; memspy fills them before a table leads there ---- */

enum {
	PROBE_TABLE_HOOKS = HOOK_COUNT - HOOK_MEM_MALLOC, /* those of the mem and obj tables */
	PROBE_NEAR_BYTES = 4096,
};

struct probe_near {
	uint64_t left, python_realloc;		/* addresses of these in the private pages */
	uint64_t small_limit;
	uint64_t original[PROBE_TABLE_HOOKS];	/* as in config */
	uint64_t hooks[PROBE_TABLE_HOOKS];	/* the probe's own, for what takes longer */
};

/* ---- private pages: page-aligned, MADV_WIPEONFORK, so a child finds zeroes and knows that it is one ---- */

enum {
	PROBE_FILTER_BITS = 14,
	PROBE_SIEVE_BITS = 17,
	PROBE_SLOT_BITS = 9,
	PROBE_PENDING = 256,
};

enum { PROBE_SEVERAL = 1 };

struct probe_slot { /* one thread's distance to its next sample */
	uint64_t owner; /* thread pointer; 0: free */
	int64_t left;
	uint64_t random;
	uint32_t tid;
	uint32_t pad[9];
};

struct probe_private {
	uint64_t magic;
	int64_t left;	 /* mem and obj domains: one counter, the GIL is its lock; without one, the slots */
	uint64_t random;
	uint64_t python_realloc; /* thread pointer of the thread inside the table's realloc: malloc's must not count it again */
	uint32_t objects_changed; /* dlopen was called: look for new objects */
	uint32_t pending_count;
	uint64_t dlopen_thread;	  /* thread pointer of who called it and has not looked since; 0: nobody; PROBE_SEVERAL */
	uint64_t dlopens;	  /* how often */
	uint64_t stamp;		  /* of the place that a followed child took; 0: no such child */
	uint64_t pending[PROBE_PENDING]; /* frees that found the lock taken */
	uint8_t filter[1u << PROBE_FILTER_BITS]; /* how many sampled blocks hash here; 255 sticks */
	struct probe_slot slots[1u << PROBE_SLOT_BITS];
	uint8_t sieve[1u << PROBE_SIEVE_BITS]; /* the same in finer holes, for what the filter lets through */
};

/* ---- the shared table ---- */

enum { PROBE_PERIODS = 64, PROBE_LIFETIMES = 16, PROBE_LIVE_NARROW = 2048 };
enum { PROBE_CODE_TRUNCATED = 0xffffffffu, PROBE_CODE_MERGED = 0xfffffffeu };
enum { PROBE_NODE_ROOT = 0, PROBE_NODE_MERGED = 1, PROBE_NODE_TRUNCATED = 2, PROBE_NODE_FIRST = 3 };
enum { PROBE_POSITION_NONE = 0xffffffffu };

/* A block that was picked and is alive. addr 0: empty slot. */
struct probe_live {
	uint64_t address;
	uint64_t size_period; /* size << 8 | index into periods */
	uint32_t site;
	uint32_t birth_event; /* sampled events so far, when it was born */
	uint64_t birth_cycles;
};

/* Sums over samples. inverse is in 1/4096 blocks, variance in 256 bytes². */
struct probe_tally {
	uint64_t n;
	uint64_t bytes;
	uint64_t inverse;
	uint64_t variance;
	uint64_t sure_bytes;
};

struct probe_site {
	uint32_t version; /* odd while it is being written */
	uint32_t node;
	uint32_t thread;  /* kernel thread id in the target's namespace; 0: several */
	uint32_t domain;  /* enum domain: malloc mem obj mmap */
	uint32_t peak_epoch; /* peak below is of this epoch; behind the header's: live has not changed since the peak */
	uint32_t pad;
	uint64_t freed_bytes;
	struct probe_tally live, alloc, peak, temporary;
	uint32_t lifetimes[PROBE_LIFETIMES];
};

struct probe_node {
	uint32_t parent;   /* node; smaller than its own index */
	uint32_t code;	   /* code index, or PROBE_CODE_… */
	uint32_t position; /* byte offset of the instruction; PROBE_POSITION_NONE */
	uint32_t copy;	   /* not 0: position is the low half of a pointer into this copy of the bytecode (see frame_copy) */
};

/* A code object as it was at first sight: the first six fields and the texts tell whether the address was reused since. */
struct probe_code {
	uint64_t address, filename, name, line_table;
	uint32_t first_line, line_table_size;
	uint32_t filename_text, name_text, line_table_text; /* offset in text / 8; 0: no room for it */
	uint32_t filename_hash, name_hash, line_table_end; /* the interpreter's hashes, low half; last bytes of the table */
};

struct probe_text {
	uint32_t bytes;
	uint32_t width; /* of a character: 1, 2, 4; 0: plain bytes */
	/* characters follow, padded to 8 */
};

struct probe_losses {
	uint64_t contention, full, merged, text, frees, truncated;
};

enum { PROBE_TABLES = 64 }; /* at most, in one memfd */

struct probe_header {
	uint64_t magic;
	uint32_t abi, header_bytes;
	uint64_t table_bytes;		 /* of the memfd */
	uint64_t image, image_bytes;	 /* where the probe is in the target */
	uint64_t config, private_pages;	 /* addresses of its two structs in the target */
	uint64_t tables;		 /* so many in the memfd, of equal size; all but the first are places for children */
	struct probe_layout layout;
	/* written by memspy */
	uint64_t session;	/* one more at each arming */
	uint64_t owner_pid;	/* of the memspy that holds the lease, in its own namespace */
	uint64_t owner_start;	/* and when it started (field 22 of its stat): a killed one holds nothing */
	uint64_t lease_cycles;	/* sampling stops when the counter passes this */
	uint32_t armed;
	uint32_t inject_way;	/* enum inject_way: how the probe came in */
	/* written by the probe */
	uint32_t lock __attribute__((aligned(64)));
	uint32_t period;	/* index of the T in force */
	uint64_t periods[PROBE_PERIODS]; /* bytes; every T that was ever in force */
	uint64_t events;	/* allocations sampled */
	uint32_t live_count, sites_used, nodes_used, codes_used;
	uint32_t text_used;	/* in units of 8 bytes */
	uint32_t peak_epoch;
	uint32_t live_wide, pad; /* 1: live blocks are in the whole of their section, not only its first pages */
	uint64_t live_bytes, peak_bytes;
	uint64_t peak_cycles;
	uint64_t thinned;	/* how often T was raised because the live table was full */
	uint64_t objects_patched;
	struct probe_losses lost;
	/* in the first table: children of forks, and where they may count. A bit per table: memspy gives, a child takes */
	uint64_t places_free;
	uint64_t forks;		/* children that have called a hook */
	uint64_t forks_refused; /* of those: found no place */
	/* in a child's */
	uint64_t stamp; /* its own, also in its private pages: whoever had the place before it counts no more */
	uint32_t taker; /* its process id, as itself sees it; 0: not known */
	uint32_t taken; /* all is filled in */
};

/* What memspy finds in the probe's image, by the symbol memspy_probe_entry. Addresses are offsets from its base. */
struct probe_entry {
	uint64_t magic;
	uint32_t abi, hook_count;
	uint64_t hooks[HOOK_COUNT];
	uint64_t free_threaded[PROBE_TABLE_HOOKS]; /* the tables' hooks where there is no GIL */
	uint64_t near, near_end;		   /* what is copied beside the interpreter; begins with struct probe_near */
	uint64_t near_hooks[PROBE_TABLE_HOOKS];	   /* in it; 0: none for this one */
	uint64_t config, private_pages;
	uint64_t config_bytes, private_bytes;
	uint64_t enter, enter_alone; /* void (void): see struct probe_entering */
};

_Static_assert(sizeof(struct probe_live) == 32, "probe_live");
_Static_assert(sizeof(struct probe_tally) == 40, "probe_tally");
_Static_assert(sizeof(struct probe_site) == 256, "probe_site");
_Static_assert(sizeof(struct probe_node) == 16, "probe_node");
_Static_assert(sizeof(struct probe_code) == 64, "probe_code");
_Static_assert(sizeof(struct probe_slot) == 64, "probe_slot");
_Static_assert(sizeof(struct probe_header) <= 4096, "probe_header");
