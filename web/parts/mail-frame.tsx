import { useEffect, useRef, useState } from 'preact/hooks';
import { t } from '../i18n/index.ts';
import { Button } from './button.tsx';

/** What the frame says of itself. */
interface Said {
  readonly ready?: true;
  /** Pictures that were not loaded. */
  readonly held?: number;
  readonly height?: number;
}

interface MailFrameProps {
  readonly html: string;
  readonly title: string;
  readonly isNarrow?: boolean;
}

/** Pixels, until the frame has said how high its mail is, and what is believed of it at most. */
const HEIGHT = 416;
const HEIGHT_MAX = 20_000;

/**
 * An HTML mail in a page of its own, of no origin and with its own policy (`/preview-frame`): nothing in it runs, and its
 * pictures are fetched from where they lie only when somebody asks for them, since whoever keeps them hears of it.
 * It is as high as its mail, up to most of the window; the rest is scrolled to, or shown by a button.
 */
export function MailFrame({ html, title, isNarrow }: MailFrameProps) {
  const frame = useRef<HTMLIFrameElement>(null);
  const [hasPictures, setPictures] = useState(false);
  const [held, setHeld] = useState(0);
  const [height, setHeight] = useState(HEIGHT);
  const [isCut, setCut] = useState(false);
  const [isWhole, setWhole] = useState(false);
  const mail = useRef(html);
  mail.current = html;
  const show = () => frame.current?.contentWindow?.postMessage({ mail: mail.current }, '*');
  useEffect(() => {
    const hear = ({ source, data }: MessageEvent<Said>) => {
      if (source !== frame.current?.contentWindow) return;
      if (data?.ready) show();
      if (typeof data?.held === 'number') setHeld(data.held);
      if (typeof data?.height === 'number') setHeight(Math.min(data.height, HEIGHT_MAX));
    };
    addEventListener('message', hear);
    return () => removeEventListener('message', hear);
  }, []);
  useEffect(show, [html]);
  useEffect(() => {
    const look = () => setCut((frame.current?.clientHeight ?? height) < height);
    look();
    addEventListener('resize', look);
    return () => removeEventListener('resize', look);
  }, [height, isWhole]);
  return (
    <div class="group">
      {held > 0 && !hasPictures && (
        <p class="filters">
          <span class="quiet">{t().draft.picturesHeld(held)}</span>
          <Button small onClick={() => setPictures(true)}>
            {t().draft.showPictures}
          </Button>
        </p>
      )}
      <iframe
        ref={frame}
        key={hasPictures ? 'pictures' : 'plain'}
        class={`mail-frame${isNarrow ? ' is-narrow' : ''}${isWhole ? ' is-whole' : ''}`}
        height={height}
        title={title}
        sandbox="allow-scripts"
        referrerpolicy="no-referrer"
        onLoad={show}
        src={hasPictures ? '/preview-frame?pictures' : '/preview-frame'}
      />
      {(isCut || isWhole) && (
        <p class="filters">
          <Button small expanded={isWhole} onClick={() => setWhole(!isWhole)}>
            {isWhole ? t().draft.lessOfMail : t().draft.wholeMail}
          </Button>
        </p>
      )}
    </div>
  );
}
