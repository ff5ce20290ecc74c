import decodeQR from 'qr/decode.js';
import { useEffect, useRef } from 'react';
import { safety } from '../../ui/copy/people.ts';
import styles from './safety-number.module.css';

const EVERY_MS = 150;
// Large enough for a code that fills half the picture, small enough to decode between two frames.
const LOOK_PX = 480;

/** The camera, until a code is read. The picture never leaves this element. */
export function Scanner({ onScanned, onFailed }: { onScanned: (bytes: Uint8Array) => void; onFailed: () => void }) {
  const video = useRef<HTMLVideoElement>(null);
  const acts = useRef({ onScanned, onFailed });
  acts.current = { onScanned, onFailed };
  useEffect(() => {
    let stream: MediaStream | undefined;
    let timer: ReturnType<typeof setInterval> | undefined;
    let over = false;
    const canvas = new OffscreenCanvas(LOOK_PX, LOOK_PX);
    const picture = canvas.getContext('2d', { willReadFrequently: true });

    function look(): void {
      const source = video.current;
      if (!source || !picture || source.videoWidth === 0) return;
      const side = Math.min(source.videoWidth, source.videoHeight);
      picture.drawImage(source, (source.videoWidth - side) / 2, (source.videoHeight - side) / 2, side, side, 0, 0, LOOK_PX, LOOK_PX);
      try {
        // The safety number rides as bytes, one character each.
        const text = decodeQR(picture.getImageData(0, 0, LOOK_PX, LOOK_PX), {
          textDecoder: (bytes: Uint8Array) => String.fromCharCode(...bytes),
        });
        acts.current.onScanned(Uint8Array.from(text, (character) => character.charCodeAt(0)));
      } catch {
        // No code in this picture: the next one may have it.
      }
    }

    navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } }).then(
      async (opened) => {
        stream = opened;
        if (over || !video.current) return stop();
        video.current.srcObject = opened;
        await video.current.play();
        timer = setInterval(look, EVERY_MS);
      },
      () => over || acts.current.onFailed(),
    );

    function stop(): void {
      over = true;
      clearInterval(timer);
      for (const track of stream?.getTracks() ?? []) track.stop();
    }
    return stop;
  }, []);
  return <video ref={video} className={styles['video']} aria-label={safety.scanning} muted playsInline />;
}
