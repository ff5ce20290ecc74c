// A part of the relay and its packages as one script, by the bundler that also builds the page.
import { build, type Rolldown } from 'vite';
import { root } from '../setup/project.mjs';

/** A single executable of Node 24 takes a script of the older kind (CommonJS) alone. */
export async function bundle(entry: string): Promise<string> {
  const result = (await build({
    configFile: false,
    root,
    logLevel: 'warn',
    mode: 'production',
    ssr: { noExternal: true },
    build: {
      ssr: entry,
      write: false,
      target: 'node24',
      rolldownOptions: {
        output: {
          format: 'cjs',
          codeSplitting: false,
          // Names stay, for whoever reads a stack. Comments go: they name folders of the machine that built this.
          minify: { mangle: false, compress: false, codegen: { removeWhitespace: true } },
        },
        experimental: { attachDebugInfo: 'none' },
      },
    },
  })) as Rolldown.RolldownOutput;
  const [script, ...more] = result.output;
  if (more.length > 0) throw new Error(`The bundle has more than one part: ${more.map(({ fileName }) => fileName).join(', ')}.`);
  return script.code;
}
