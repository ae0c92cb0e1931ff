/*
 * options_private: the options that many commands share, for help.
 */
#pragma once

#include "memspy/command.h"

extern const struct command_option option_pid, option_help;
