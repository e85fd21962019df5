import { describe, expect, it } from 'vitest';
import {
  type CodeFile,
  filesIn,
  libs,
  ourPackageOf,
  type Package,
  packageOf,
  packages,
  read,
  services,
  toolsOfTests,
} from './architecture/repository.ts';
import * as rules from './architecture/rules.ts';
import { type Ban, type Import, placesWith } from './architecture/source.ts';

const isForTests = ({ name }: Package, file: CodeFile) => !file.production || rules.forTestsOnly.includes(name);

/** One message for each import for which `check` has something to say. */
const importsAgainst = (
  among: readonly Package[],
  check: (one: Import, file: CodeFile, by: Package) => string | undefined | false,
): string[] =>
  among.flatMap((by) =>
    by.files.flatMap((file) =>
      file.imports.flatMap((one) => {
        const message = check(one, file, by);
        return message ? [`${file.path}:${one.line} imports ${one.specifier}: ${message}`] : [];
      }),
    ),
  );

const codeWith = (bans: readonly Ban[], concerns: (file: CodeFile, of: Package) => boolean): string[] =>
  packages.flatMap((of) =>
    of.files.filter((file) => concerns(file, of)).flatMap((file) => placesWith(bans, file.code, file.path)),
  );

describe('the arrows', () => {
  it('are laid down for every library and service', () => {
    expect(Object.keys(rules.arrows).toSorted()).toEqual([...libs, ...services].map(({ name }) => name).toSorted());
  });

  it('are kept by production code', () => {
    const against = importsAgainst([...libs, ...services], (one, file, by) => {
      const target = ourPackageOf(one.specifier);
      if (target === null || target === by.name || !file.production) return;
      const arrow = rules.arrows[by.name]?.[target];
      if (arrow === undefined) return `${by.name} must not know ${target}; take what it needs as a port or an argument`;
      return arrow === 'types' && !one.typeOnly && `${by.name} may use types of ${target} only; write "import type"`;
    });
    expect(against).toEqual([]);
  });

  it('lead nowhere round', () => {
    const graph = new Map(
      packages.map((one) => [one.name, [...one.dependencies, ...one.devDependencies].map(ourPackageOf)]),
    );
    const pathBack = (from: string, path: readonly string[]): readonly string[] | undefined => {
      if (path.includes(from)) return [...path, from];
      for (const next of graph.get(from) ?? []) {
        const found = next === null ? undefined : pathBack(next, [...path, from]);
        if (found) return found;
      }
      return undefined;
    };
    const cycles = packages.flatMap(({ name }) => pathBack(name, [])?.join(' → ') ?? []);
    expect(cycles, 'packages that need each other: move what both need into one that needs neither').toEqual([]);
  });

  it('stay inside a package when they are relative', () => {
    const against = importsAgainst(packages, (one, file, by) => {
      if (!one.specifier.startsWith('.')) return;
      const target = new URL(one.specifier, `file:///${file.path}`).pathname.slice(1);
      if (!target.startsWith(`${by.folder}/`)) return 'import the other package by its name';
      return file.production && !target.startsWith(`${by.folder}/src/`) && 'production code must not use test code';
    });
    expect(against).toEqual([]);
  });

  it('do not lead from the rows and ports of the read models to anywhere', () => {
    const against = importsAgainst(libs, ({ specifier }, { path }) => {
      return rules.alone.includes(path) && !specifier.startsWith('./') && 'this file says all that it needs itself';
    });
    expect(against).toEqual([]);
    const known = libs.flatMap(({ files }) => files.map(({ path }) => path));
    expect(
      rules.alone.filter((path) => !known.includes(path)),
      'files of the rule that are gone',
    ).toEqual([]);
  });

  it('do not lead from the pure packages to the platform', () => {
    const against = importsAgainst(libs, ({ specifier }, { production }, { name }) => {
      return (
        production &&
        rules.pure.includes(name) &&
        specifier.startsWith('node:') &&
        `${name} is pure; take it as an argument`
      );
    });
    expect(against).toEqual([]);
  });
});

describe('the packages', () => {
  it('declare what they import, since hoisting would hide it', () => {
    const testKit = [...toolsOfTests, ...rules.forTestsOnly.map((name) => `@signalbox/${name}`)];
    const against = importsAgainst(packages, (one, file, by) => {
      const target = packageOf(one.specifier);
      if (target === null || target === `@signalbox/${by.name}` || by.dependencies.includes(target)) return;
      if (!isForTests(by, file)) return `add it to "dependencies" in ${by.folder}/package.json`;
      // Declared by each package, the libraries for tests would make circles: they know the domain, and it is tested with them.
      if (testKit.includes(target) || by.devDependencies.includes(target)) return;
      return `add it to "devDependencies" in ${by.folder}/package.json`;
    });
    expect(against).toEqual([]);
  });

  it('import what they declare', () => {
    const unused = packages.flatMap(({ name, folder, files, dependencies, devDependencies }) => {
      const imported = new Set(files.flatMap((file) => file.imports.map(({ specifier }) => packageOf(specifier))));
      return [...dependencies, ...devDependencies]
        .filter((target) => !imported.has(target) && !(`${name} → ${target}` in rules.neededUnimported))
        .map((target) => `${folder}/package.json declares ${target}, which nothing there imports: remove it`);
    });
    expect(unused).toEqual([]);
  });

  it('keep libraries for tests out of production code', () => {
    const against = importsAgainst(packages, ({ specifier }, file, by) => {
      const target = ourPackageOf(specifier);
      return (
        target !== null && rules.forTestsOnly.includes(target) && !isForTests(by, file) && `${target} is for tests only`
      );
    });
    expect(against).toEqual([]);
  });

  it('keep each vendor in one place', () => {
    const against = importsAgainst([...libs, ...services], ({ specifier }, file, by) => {
      const isOurs = specifier.startsWith('.') || specifier.startsWith('@signalbox/');
      if (isOurs || isForTests(by, file)) return;
      const vendor = packageOf(specifier) ?? specifier;
      const home = rules.vendors[vendor];
      if (home !== undefined) return home !== by.name && `${vendor} belongs behind ${home}; use what ${home} exports`;
      if (vendor.startsWith('node:') || vendor in rules.everywhere) return;
      return 'it has no home; put it behind one package and say which in tests/architecture/rules.ts';
    });
    expect(against).toEqual([]);
    const moved = Object.entries(rules.vendors).filter(([vendor, home]) => {
      return (
        !vendor.startsWith('node:') &&
        ![...libs, ...services].find(({ name }) => name === home)?.dependencies.includes(vendor)
      );
    });
    expect(moved, 'vendors that have left their home: mend the table').toEqual([]);
  });
});

describe('time, chance and the process', () => {
  const production = (file: CodeFile) => file.production;

  it('are handed in', () => {
    const against = codeWith(rules.handedIn, (file) => production(file) && !rules.meetsTheReal(file.path));
    expect(against).toEqual([]);
  });

  it('are not got at by another door', () => {
    const against = importsAgainst([...libs, ...services], ({ specifier }, file) => {
      const isExempt = rules.meetsTheReal(file.path) || rules.startsServers(file.path);
      return file.production && !isExempt && rules.bannedModules[specifier];
    });
    expect(against).toEqual([]);
  });

  it('leave the environment and the exit to main.ts', () => {
    const isMain = /^services\/[^/]+\/src\/main\.ts$/;
    const mayNot = (file: CodeFile) => !isMain.test(file.path) && !rules.startsServers(file.path);
    expect(codeWith(rules.onlyInMain, (file) => production(file) && mayNot(file))).toEqual([]);
  });
});

describe('the tests', () => {
  it('are all written and all run', () => {
    expect(codeWith(rules.unfinishedTests, (file, of) => isForTests(of, file))).toEqual([]);
  });

  it('of one package do not sleep', () => {
    expect(codeWith(rules.sleeps, (file) => /^(?:libs|services)\/[^/]+\/test\//.test(file.path))).toEqual([]);
  });
});

describe('the repository', () => {
  it('speaks of no path of the machine that it was written on', () => {
    const text = filesIn('.').filter((path) => !/\.(?:png|jpe?g|ico|woff2?|gz)$/.test(path));
    const instead = 'write a path within the repository, or a variable';
    expect(text.flatMap((path) => placesWith([{ what: rules.machinePath, instead }], read(path), path))).toEqual([]);
  });
});
