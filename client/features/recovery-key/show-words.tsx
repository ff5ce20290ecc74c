import { Copy, Download, Printer } from 'lucide-react';
import { toast } from '../../store/toasts.ts';
import { Button } from '../../ui/button.tsx';
import { words as common } from '../../ui/copy/common.ts';
import { door } from '../../ui/copy/door.ts';
import { copyText } from '../../ui/copy-text.ts';
import styles from './words.module.css';

function saveAsFile(username: string, words: string[]): void {
  const text = door.wordsFileText(username, location.host, words.join(' '));
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = door.wordsFile;
  link.click();
  URL.revokeObjectURL(url);
}

export function ShowWords({ username, words }: { username: string; words: string[] }) {
  return (
    <>
      <ol className={styles['words']} aria-label={door.wordsList}>
        {words.map((word, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a word may stand twice, and its number is what it is
          <li key={index} className={styles['word']}>
            {word}
          </li>
        ))}
      </ol>
      <div className={styles['row']}>
        <Button icon={Copy} onClick={async () => toast((await copyText(words.join(' '))) ? common.copied : common.copyFailed)}>
          {door.copyWords}
        </Button>
        <Button icon={Download} onClick={() => saveAsFile(username, words)}>
          {door.saveWords}
        </Button>
        <Button icon={Printer} onClick={() => window.print()}>
          {door.printWords}
        </Button>
      </div>
    </>
  );
}
