// The same domains in a marisa-trie, which keeps names whole: how large it is
// and what finding a host takes. For comparison only, and the one file here in
// C++, as that library has no other face.
//
//   marisa TRIES LISTED NAME=HOSTS...
//
// A name is kept from its end, with a dot behind it, so that what is listed
// above a host is a prefix of it. Prints one JSON object like bench/hosts.c.
#include <marisa.h>

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace {

const int kRounds = 5;

double CpuNs()
{
    timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

std::vector<std::string> ReadTurned(const char *path)
{
    std::vector<std::string> names;
    std::ifstream file(path);
    std::string line;

    if (!file) {
        std::perror(path);
        std::exit(1);
    }
    while (std::getline(file, line)) {
        if (!line.empty()) {
            std::reverse(line.begin(), line.end());
            names.push_back(line + ".");
        }
    }
    return names;
}

void RunSet(const marisa::Trie &trie, const char *name, const char *path)
{
    const std::vector<std::string> hosts = ReadTurned(path);
    marisa::Agent agent;
    double best = 0;
    size_t found = 0;

    for (int round = 0; round <= kRounds; round++) { // the first one warms
        const double start = CpuNs();

        found = 0;
        for (const std::string &host : hosts) {
            agent.set_query(host.data(), host.size());
            bool is_found = false;

            while (trie.common_prefix_search(agent)) {
                is_found = true;
            }
            found += is_found;
        }
        const double ns =
            (CpuNs() - start) / static_cast<double>(hosts.size());

        best = round == 1 || (round > 1 && ns < best) ? ns : best;
    }
    std::printf("{\"hosts\": \"%s\", \"found\": %zu, \"trie_ns\": %.1f}", name,
        found, best);
}

} // namespace

int main(int argc, char **argv)
{
    marisa::Keyset keys;
    marisa::Trie trie;

    if (argc < 4) {
        std::fputs("usage: marisa TRIES LISTED NAME=HOSTS...\n", stderr);
        return 2;
    }
    for (const std::string &name : ReadTurned(argv[2])) {
        keys.push_back(name.data(), name.size());
    }
    trie.build(keys, std::atoi(argv[1]));
    std::printf("{\"trie_bytes\": %zu, \"sets\": [", trie.io_size());
    for (int i = 3; i < argc; i++) {
        std::string name = argv[i];
        const size_t at = name.find('=');

        std::fputs(i > 3 ? ", " : "", stdout);
        RunSet(trie, name.substr(0, at).c_str(), argv[i] + at + 1);
    }
    std::puts("]}");
    return 0;
}
