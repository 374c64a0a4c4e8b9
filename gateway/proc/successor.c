#include "gateway/proc/successor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/proc/channel.h"
#include "gateway/proc/handover.h"
#include "gateway/proc/roles.h"
#include "gateway/proc/say.h"

enum { EXIT_CANNOT_EXECUTE = 127 };

static void successor_close(struct successor *successor, struct watch *watch)
{
    int fd = watch->fd;

    if (fd >= 0) {
        loop_unwatch(successor->loop, watch);
        close(fd);
    }
}

/* Nothing is tried any more. */
static void successor_end(struct successor *successor)
{
    successor_close(successor, &successor->line);
    successor_close(successor, &successor->death);
    loop_clear_timer(successor->loop, &successor->patience);
    successor->pid = 0;
}

static const char *exit_words(int code)
{
    switch (code) {
    case EXIT_CONFIGURATION:
        return ": it refuses the configuration";
    case EXIT_UNAVAILABLE:
        return ": it cannot listen";
    case EXIT_CANNOT_EXECUTE:
        return ": it cannot be executed";
    default:
        return "";
    }
}

static void successor_say_death(pid_t pid, int status)
{
    if (WIFSIGNALED(status)) {
        say(SAY_ERROR,
            "upgrade refused: the new copgate %d was ended by signal %d; this "
            "one goes on unchanged",
            (int)pid, WTERMSIG(status));
        return;
    }
    say(SAY_ERROR,
        "upgrade refused: the new copgate %d ended with code %d%s; this one "
        "goes on unchanged",
        (int)pid, WEXITSTATUS(status), exit_words(WEXITSTATUS(status)));
}

static void successor_on_death(struct watch *watch, unsigned events)
{
    struct successor *successor = LOOP_OWNER(watch, struct successor, death);
    int status = 0;

    (void)events;
    if (waitpid(successor->pid, &status, WNOHANG) != successor->pid) {
        return;
    }
    successor_say_death(successor->pid, status);
    successor_end(successor);
    successor->over(successor->context, 0);
}

static void successor_on_word(struct watch *watch, unsigned events)
{
    struct successor *successor = LOOP_OWNER(watch, struct successor, line);
    enum cop_status status = handover_hear_ready(watch->fd);
    pid_t pid = successor->pid;

    (void)events;
    if (status == COP_AGAIN) {
        return;
    }
    if (status == COP_OK) {
        successor_end(successor);
        successor->over(successor->context, pid);
        return;
    }
    /* Silence is followed by its death, which says why. */
    successor_close(successor, watch);
    if (status == COP_E_SYNTAX) {
        say(SAY_ERROR, "the new copgate %d says what it should not", (int)pid);
        kill(pid, SIGKILL);
    }
}

static void successor_on_time(struct timer *timer)
{
    struct successor *successor = LOOP_OWNER(timer, struct successor, patience);

    say(SAY_ERROR, "the new copgate %d is not ready in time",
        (int)successor->pid);
    kill(successor->pid, SIGKILL);
}

void successor_init(struct successor *successor, struct loop *loop,
    successor_over_fn *over, void *context)
{
    successor->loop = loop;
    successor->over = over;
    successor->context = context;
    successor->pid = 0;
    watch_init(&successor->line, successor_on_word);
    watch_init(&successor->death, successor_on_death);
    timer_init(&successor->patience, successor_on_time);
}

/* Executed with the parent's rights: not what anybody may write to. */
static bool program_is_usable(const char *program)
{
    struct stat facts;

    if (stat(program, &facts) != 0 || access(program, X_OK) != 0) {
        say(SAY_ERROR, "upgrade refused: %s: %s", program, strerror(errno));
        return false;
    }
    if (!S_ISREG(facts.st_mode) || (facts.st_mode & S_IWOTH) != 0) {
        say(SAY_ERROR,
            "upgrade refused: %s: is not a program that only its owner may "
            "change",
            program);
        return false;
    }
    return true;
}

/* In the new process. This program has one thread: what was set up before the
 * fork can be used behind it. */
static void successor_become(const struct successor_trial *trial, int line)
{
    char *arguments[] = {NULL, "-c", NULL, NULL};
    sigset_t none;

    arguments[0] = (char *)(uintptr_t)trial->program;
    arguments[2] = (char *)(uintptr_t)trial->file;
    if (line == ROLE_CHANNEL_FD) {
        fcntl(line, F_SETFD, 0);
    } else if (dup2(line, ROLE_CHANNEL_FD) < 0) {
        _exit(EXIT_SOFTWARE);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setenv(HANDOVER_VARIABLE, "3", 1);
    execv(trial->program, arguments);
    say(SAY_ERROR, "%s: %s", trial->program, strerror(errno));
    _exit(EXIT_CANNOT_EXECUTE);
}

/* Watch the process and its line, both ours from here on. */
static enum cop_status successor_watch(
    struct successor *successor, int line, int64_t patience_ms)
{
    int death = pidfd_open(successor->pid, 0);

    if (death < 0 || loop_watch(successor->loop, &successor->death, death,
                         LOOP_READ) != COP_OK) {
        close(line);
        if (death >= 0) {
            close(death);
        }
        return COP_E_IO;
    }
    if (loop_watch(successor->loop, &successor->line, line, LOOP_READ) !=
        COP_OK) {
        close(line);
        return COP_E_IO;
    }
    return loop_set_timer(successor->loop, &successor->patience, patience_ms);
}

enum cop_status successor_start(
    struct successor *successor, const struct successor_trial *trial)
{
    int line[2];
    pid_t pid;

    if (!program_is_usable(trial->program)) {
        return COP_E_NOTFOUND;
    }
    if (channel_pair(line) != COP_OK) {
        say(SAY_ERROR, "upgrade refused: %s", strerror(errno));
        return COP_E_IO;
    }
    fflush(NULL);
    pid = handover_give(line[0], trial->listeners) == COP_OK ? fork() : -1;
    if (pid == 0) {
        successor_become(trial, line[1]);
    }
    close(line[1]);
    if (pid < 0) {
        say(SAY_ERROR, "upgrade refused: %s", strerror(errno));
        close(line[0]);
        return COP_E_IO;
    }
    successor->pid = pid;
    if (successor_watch(successor, line[0], trial->patience_ms) != COP_OK) {
        say(SAY_ERROR, "upgrade refused: the new copgate cannot be watched");
        successor_abandon(successor);
        return COP_E_IO;
    }
    say(SAY_NOTICE, "upgrade: %s is started as %d", trial->program, (int)pid);
    return COP_OK;
}

void successor_abandon(struct successor *successor)
{
    if (successor->pid == 0) {
        return;
    }
    kill(successor->pid, SIGKILL);
    while (waitpid(successor->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    successor_end(successor);
}

/* ---- where this program lies ---- */

static bool program_is_this(const char *path)
{
    struct stat named;
    struct stat running;

    return stat(path, &named) == 0 && stat("/proc/self/exe", &running) == 0 &&
           named.st_dev == running.st_dev && named.st_ino == running.st_ino;
}

static bool program_join(
    const char *folder, size_t folder_n, const char *name, char *out, size_t n)
{
    int wanted = snprintf(out, n, "%.*s/%s", (int)folder_n, folder, name);

    return wanted > 0 && (size_t)wanted < n && program_is_this(out);
}

static bool program_in_path(const char *name, char *out, size_t size)
{
    const char *path = getenv("PATH");

    while (path != NULL && *path != '\0') {
        size_t n = strcspn(path, ":");

        if (*path == '/' && program_join(path, n, name, out, size)) {
            return true;
        }
        path += n + (path[n] == ':' ? 1 : 0);
    }
    return false;
}

enum cop_status successor_find_program(
    const char *argv0, char *out, size_t size)
{
    char folder[PATH_MAX];
    ssize_t n;

    if (strchr(argv0, '/') == NULL) {
        if (program_in_path(argv0, out, size)) {
            return COP_OK;
        }
    } else if (argv0[0] == '/') {
        if (program_join("", 0, argv0 + 1, out, size)) {
            return COP_OK;
        }
    } else if (getcwd(folder, sizeof(folder)) != NULL &&
               program_join(folder, strlen(folder), argv0, out, size)) {
        return COP_OK;
    }
    n = readlink("/proc/self/exe", out, size);
    if (n <= 0 || (size_t)n >= size) {
        return COP_E_NOTFOUND;
    }
    out[n] = '\0';
    return COP_OK;
}
