import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

// `npm run dev` serves the pages on port 5173 and sends requests on to a node on port 8340 (or FRISTAD_PORT), whose
// serve.json has to name "http://localhost:5173" among its origins.
const node = `http://127.0.0.1:${process.env['FRISTAD_PORT'] ?? '8340'}`;

export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: 'dist',
    target: 'es2022',
    // The policy of the pages forbids what stands in the page itself, data: addresses too.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      output: {
        entryFileNames: 'assets/[name]-[hash].js',
        chunkFileNames: 'assets/[name]-[hash].js',
        assetFileNames: 'assets/[name]-[hash][extname]',
      },
    },
  },
  server: {
    port: 5173,
    proxy: { '/api': node, '/health': node },
  },
});
