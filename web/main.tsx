import { render } from 'preact';
import { loadAbout } from './api/about.ts';
import { loadMe } from './api/me.ts';
import { Frame } from './frame.tsx';
import { loadLanguage } from './i18n/index.ts';
import { followLinks } from './router.ts';
import { loadTheme } from './theme.ts';
import './style/tokens.css';
import './style/base.css';
import './style/frame.css';
import './style/parts.css';
import './style/screens.css';

loadTheme();
followLinks();
await Promise.all([loadLanguage(), loadAbout(), loadMe()]);
render(<Frame />, document.getElementById('app')!);
