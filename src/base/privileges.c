#include "memspy/privileges.h"

#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BIT(capability) (1ull << (capability))
#define CHECKPOINT_RESTORE 40 /* CAP_CHECKPOINT_RESTORE: headers before 5.9 lack it */

/* Files and sockets of other users: -o where they want it, the programs that the targets run. */
#define FILES (BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_FOWNER))
/* Memory and maps of other users' processes; map_files. */
#define LOOK (FILES | BIT(CAP_SYS_PTRACE) | BIT(CHECKPOINT_RESTORE))
/* Signals to them while they are stopped; their seccomp filters are suspended meanwhile; and they go first (boost.h). */
#define ATTACH (LOOK | BIT(CAP_KILL) | BIT(CAP_SYS_ADMIN) | BIT(CAP_SYS_NICE))

static uint64_t both(uint32_t low, uint32_t high)
{
	return (uint64_t)high << 32 | low;
}

void privileges_keep(enum privileges_use use)
{
	const uint64_t keep = use == PRIVILEGES_ATTACH ? ATTACH : LOOK;
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	uint64_t permitted, effective;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	for (int c = 0; c < 64; c++)
		if (!(keep & BIT(c)))
			prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
	if (syscall(SYS_capget, &header, data) < 0)
		return;
	permitted = both(data[0].permitted, data[1].permitted) & keep;
	effective = both(data[0].effective, data[1].effective) & keep;
	for (int i = 0; i < 2; i++)
		data[i] = (struct __user_cap_data_struct){
			.permitted = (uint32_t)(permitted >> 32 * i), .effective = (uint32_t)(effective >> 32 * i),
		};
	header.pid = 0;
	syscall(SYS_capset, &header, data);
}
