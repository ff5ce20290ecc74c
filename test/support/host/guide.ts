/** A guide as the machine sees it: its headings and its blocks of shell, each block as the commands that a person would enter one by one. */
export type Block = { heading: string; commands: string[] };

const FENCED = /^```(\w*)\n([\s\S]*?)^```$/gm;
const HEREDOC = /<<'(\w+)'/;

function commandsOf(shell: string): string[] {
  const commands: string[] = [];
  const lines = shell.split('\n');
  for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
    let command = line;
    while (command.endsWith('\\')) command += `\n${lines.shift() ?? ''}`;
    const end = HEREDOC.exec(command)?.[1];
    for (let more = ''; end !== undefined && more !== end; command += `\n${more}`) {
      const next = lines.shift();
      if (next === undefined) throw new Error(`"${line}" never ends with ${end}`);
      more = next;
    }
    if (command.trim() !== '') commands.push(command);
  }
  return commands;
}

export function blocksOf(markdown: string): { shell: Block[]; others: string[] } {
  const shell: Block[] = [];
  const others: string[] = [];
  for (const { 1: language = '', 2: text = '', index } of markdown.matchAll(FENCED)) {
    const heading = [...markdown.slice(0, index).matchAll(/^#+ (.+)$/gm)].at(-1)?.[1] ?? '';
    if (language === 'sh') shell.push({ heading, commands: commandsOf(text) });
    else others.push(language);
  }
  return { shell, others };
}

/** What stands in code within sentences. */
export function inlineCode(markdown: string): string[] {
  const prose = markdown.replace(FENCED, '');
  return [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code ?? '');
}
