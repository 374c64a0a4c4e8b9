// libcop as another program finds it: installed, through pkg-config and CMake.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';

import { copc, makeBundle } from './lib/gateway.mjs';
import { run } from './lib/process.mjs';
import { build, scenario } from './lib/scenario.mjs';

const program = `
#include <cop/decide.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    struct cop_bundle *bundle = NULL;
    struct cop_bundle_info info;
    struct cop_host host;

    if (argc != 2 || cop_bundle_open(argv[1], NULL, &bundle) != COP_OK ||
        cop_host_parse(COP_LIT("WWW.Example."), &host) != COP_OK) {
        return 1;
    }
    cop_bundle_info(bundle, &info);
    printf("%.*s %s\\n", (int)info.name.n, info.name.p, host.text);
    cop_bundle_drop(&bundle);
    return 0;
}
`;

scenario('install', async (place) => {
  const prefix = place.path('prefix');
  const bundle = await makeBundle(place);
  const source = place.file('consumer/main.c', program);
  const cache = readFileSync(`${build}/CMakeCache.txt`, 'utf8');
  const compiler = /CMAKE_C_COMPILER:\w+=(.*)/.exec(cache)[1];
  const flags = /COP_SANITIZE:BOOL=ON/.test(cache) ? ['-fsanitize=address,undefined'] : [];

  await place.step('everything is installed where people look', async () => {
    const installed = await run('cmake', ['--install', build, '--prefix', prefix]);
    assert.equal(installed.code, 0, installed.err);
    for (const path of ['bin/copc', 'sbin/copgate', 'include/cop/decide.h', 'include/cop/status.tbl', 'share/man/man1/copc.1', 'share/man/man5/copgate.yaml.5', 'share/man/man8/copgate.8', 'lib/systemd/system/copgate.service', 'lib/sysusers.d/copgate.conf', 'share/copgate/packs/bundle.yaml']) {
      assert.ok(existsSync(`${prefix}/${path}`), path);
    }
  });
  const libraries = (await run('find', [prefix, '-name', 'libcop.a'])).out.trim().replace(/\/libcop\.a$/, '');
  await place.step('a program finds libcop through pkg-config', async () => {
    const env = { PKG_CONFIG_PATH: `${libraries}/pkgconfig` };
    const asked = await run('pkg-config', ['--define-variable', `prefix=${prefix}`, '--cflags', '--libs', 'cop'], { env });
    assert.equal(asked.code, 0, asked.err);
    const built = await run(compiler, [...flags, source, '-o', place.path('by-pkg-config'), ...asked.out.trim().split(/\s+/)]);
    assert.equal(built.code, 0, built.err);
    assert.equal((await run(place.path('by-pkg-config'), [bundle])).out, 'starter www.example\n');
  });
  await place.step('a program finds libcop through CMake', async () => {
    place.file('consumer/CMakeLists.txt', 'cmake_minimum_required(VERSION 3.25)\nproject(consumer C)\nfind_package(cop REQUIRED)\nadd_executable(consumer main.c)\ntarget_link_libraries(consumer PRIVATE cop::cop)\n');
    const configured = await run('cmake', ['-S', place.path('consumer'), '-B', place.path('consumer/build'), `-DCMAKE_PREFIX_PATH=${prefix}`, `-DCMAKE_C_COMPILER=${compiler}`, `-DCMAKE_C_FLAGS=${flags.join(' ')}`]);
    assert.equal(configured.code, 0, configured.err);
    const built = await run('cmake', ['--build', place.path('consumer/build')]);
    assert.equal(built.code, 0, built.out + built.err);
    assert.equal((await run(place.path('consumer/build/consumer'), [bundle])).out, 'starter www.example\n');
  });
  await place.step('the installed packs compile', async () => {
    const made = await copc(['build', `${prefix}/share/copgate/packs`, '-o', place.path('installed.cop')]);
    assert.equal(made.code, 0, made.err);
    assert.deepEqual(readFileSync(place.path('installed.cop')), readFileSync(bundle));
  });
  await place.step('the manual pages are well-formed', async () => {
    for (const page of ['man1/copc.1', 'man5/copgate.yaml.5', 'man8/copgate.8']) {
      const shown = await run('man', ['--warnings', '-E', 'UTF-8', '-l', `${prefix}/share/man/${page}`], { env: { MANPAGER: 'cat', LC_ALL: 'C.UTF-8' } });
      if (shown.code === 127) return; // a machine without man
      assert.equal(shown.err, '');
    }
  });
});
