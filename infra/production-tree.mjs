// Makes of the workspace what an image needs of it, in place, and beside it a tree with nothing but its manifests.
//   node infra/production-tree.mjs <workspace> <manifests>
// npm installs the dependencies of every workspace it finds, also those that only tests are built on: they have to go
// before it looks.
import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [workspace, manifests] = process.argv.slice(2);
const testOnly = ['libs/testing', 'libs/conformance', '{libs,services}/*/test'];

for (const path of globSync(testOnly, { cwd: workspace }))
  rmSync(join(workspace, path), { recursive: true, force: true });

for (const path of globSync(['package.json', '{libs,services}/*/package.json'], { cwd: workspace })) {
  const { devDependencies: _, ...manifest } = JSON.parse(readFileSync(join(workspace, path), 'utf8'));
  if (path === 'package.json') manifest.workspaces = ['libs/*', 'services/*'];
  writeFileSync(join(workspace, path), JSON.stringify(manifest, null, 2));
  cpSync(join(workspace, path), join(manifests, path));
}
for (const path of ['package-lock.json', '.npmrc']) cpSync(join(workspace, path), join(manifests, path));
