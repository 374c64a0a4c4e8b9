/* Runs a program and ends it by a signal as it enters the Nth of its system
 * calls that open, write, rename or remove files, so that a test can try what
 * is left behind at every moment. Others are not counted: how often memory is
 * asked for differs from run to run.
 *
 *   end-at N SIGNAL PROGRAM WORD...
 *
 * N counts from 1; 0 lets the program run. SIGNAL is a number. At its end the
 * name of what N was and how many calls there were are on standard output, as
 * "rename 212"; "- 240" where the program ended before.
 * Exits 0, or 77 where this machine lets no program trace another. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

enum { CANNOT = 77 };

struct tracing {
    pid_t pid;
    unsigned long wanted;
    int signal;
    unsigned long n;
    const char *at;
};

/* NULL for what is not counted. */
static const char *name_of(uint64_t number)
{
    switch (number) {
    case SYS_openat:
        return "openat";
    case SYS_write:
        return "write";
    case SYS_fsync:
        return "fsync";
    case SYS_renameat:
        return "rename";
    case SYS_unlinkat:
        return "unlink";
    case SYS_flock:
        return "flock";
    default:
        return NULL;
    }
}

/* A stop at a system call; true when it is the entry of one. */
static bool is_entry(pid_t pid, uint64_t *number)
{
    struct __ptrace_syscall_info info = {0};

    if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) <= 0 ||
        info.op != PTRACE_SYSCALL_INFO_ENTRY) {
        return false;
    }
    *number = info.entry.nr;
    return true;
}

/* Go on until the next stop or the end; `with` is handed to the program. */
static bool go_on(const struct tracing *tracing, int with, int *status)
{
    return ptrace(PTRACE_SYSCALL, tracing->pid, 0, (long)with) == 0 &&
           waitpid(tracing->pid, status, 0) == tracing->pid;
}

static void watch(struct tracing *tracing)
{
    int status;
    int with = 0;

    while (go_on(tracing, with, &status) && WIFSTOPPED(status)) {
        uint64_t number;

        with = WSTOPSIG(status) == (SIGTRAP | 0x80) ? 0 : WSTOPSIG(status);
        if (with != 0 || !is_entry(tracing->pid, &number) ||
            name_of(number) == NULL) {
            continue;
        }
        tracing->n++;
        if (tracing->n == tracing->wanted) {
            tracing->at = name_of(number);
            (void)kill(tracing->pid, tracing->signal);
        }
    }
}

static int trace(struct tracing *tracing, char **words)
{
    int status;

    tracing->pid = fork();
    if (tracing->pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0) {
            _exit(CANNOT);
        }
        (void)execv(words[0], words);
        _exit(127);
    }
    if (tracing->pid < 0 || waitpid(tracing->pid, &status, 0) < 0 ||
        !WIFSTOPPED(status) ||
        ptrace(PTRACE_SETOPTIONS, tracing->pid, 0,
            (long)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)) != 0) {
        return CANNOT;
    }
    watch(tracing);
    printf("%s %lu\n", tracing->at, tracing->n);
    return 0;
}

int main(int argc, char **argv)
{
    struct tracing tracing = {.at = "-"};

    if (argc < 4) {
        fputs("usage: end-at N SIGNAL PROGRAM WORD...\n", stderr);
        return 2;
    }
    tracing.wanted = strtoul(argv[1], NULL, 10);
    tracing.signal = atoi(argv[2]);
    return trace(&tracing, argv + 3);
}
