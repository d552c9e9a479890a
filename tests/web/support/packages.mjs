// The packages of the tests lie where those of the pages do: there is one lock file.

import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
export const web = path.join(root, 'web');

const from_web = createRequire(path.join(web, 'package.json'));

export const { chromium } = from_web('playwright-core');
export const { AxeBuilder } = from_web('@axe-core/playwright');
export const esbuild = createRequire(from_web.resolve('vite'))('esbuild');
