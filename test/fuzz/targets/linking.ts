import {
  encodeLinkingCode,
  generateKeyPair,
  generateLinkingCode,
  openLinked,
  parseLinkingCode,
  sealLinked,
  startLinkingChannel,
  utf8,
} from '../../../crypto/index.ts';
import { cryptoTarget, demand, demandGenuine, same, type Target, textOf } from '../target.ts';

export const linkingTargets: readonly Target[] = [
  cryptoTarget('linking code', 'parse', ['parseLinkingCode'], async (random) => {
    const codes = [await generateLinkingCode('scanned', random), await generateLinkingCode('typed', random)];
    const texts = codes.map(({ code }) => encodeLinkingCode(code));
    return {
      samples: [...texts, (texts[1] as string).toLowerCase().replaceAll(/.{5}/g, '$&-')].map(utf8),
      feed(input) {
        const text = textOf(input);
        const again = encodeLinkingCode(parseLinkingCode(text));
        demand(again === text || again === text.toUpperCase().replaceAll(/[\s-]+/g, ''), 'two texts of one code');
      },
    };
  }),
  cryptoTarget('linking, the other side’s key', 'compute', ['startLinkingChannel'], async (random) => {
    const { code, ephemeral } = await generateLinkingCode('scanned', random);
    const old = await generateKeyPair(random);
    return {
      samples: [ephemeral.publicKey],
      held: [old.privateKey, code.secret],
      async feed(input) {
        await startLinkingChannel('old', code, old, input);
        demand(same(input, ephemeral.publicKey), 'a key that is not in the code');
      },
    };
  }),
  cryptoTarget('linking message', 'compute', ['openLinked'], async (random) => {
    const { code, ephemeral } = await generateLinkingCode('typed', random);
    const old = await generateKeyPair(random);
    const sender = await startLinkingChannel('old', code, old, ephemeral.publicKey);
    const receiver = await startLinkingChannel('new', code, ephemeral, old.publicKey);
    const samples = [(await sealLinked(sender, utf8('everything'), random)).message];
    return {
      samples,
      held: [receiver.receive.inner, receiver.receive.outer],
      async feed(input) {
        await openLinked(receiver, input);
        demandGenuine(input, samples);
      },
    };
  }),
];
