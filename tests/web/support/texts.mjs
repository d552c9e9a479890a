// The texts of the pages, from their own files: tests find things by the names that a reader sees.

import path from 'node:path';
import { esbuild, web } from './packages.mjs';

async function load(code) {
  const built = await esbuild.build({
    entryPoints: [path.join(web, 'src/texts', code + '.ts')],
    bundle: true,
    format: 'esm',
    write: false,
    plugins: [
      {
        // The texts take one function from there; the rest belongs to a browser.
        name: 'plural',
        setup(build) {
          build.onResolve({ filter: /i18n\.svelte$/ }, () => ({ path: 'plural', namespace: 'plural' }));
          build.onLoad({ filter: /.*/, namespace: 'plural' }, () => ({
            contents: `export const plural = (count, forms, of) =>
              (new Intl.PluralRules(of).select(count) === 'one' ? forms.one : forms.other)
                .replace('#', new Intl.NumberFormat(of).format(count));`,
          }));
        },
      },
    ],
  });
  const module = await import('data:text/javascript;base64,' + Buffer.from(built.outputFiles[0].contents).toString('base64'));
  return module[code];
}

export const texts = { en: await load('en'), sv: await load('sv') };
export const en = texts.en;
export const locales = { en: 'en-GB', sv: 'sv-SE' };
