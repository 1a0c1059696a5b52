const PATHS = {
  home: 'M3 10.5 12 3l9 7.5M5.5 9v11h13V9',
  sends: 'M3 11.5 21 4l-6.5 17-3.5-7.5zM11 13.5l4-4',
  audiences:
    'M8 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M1.5 20c.5-4 3-6 6.500-6s6 2 6.500 6M16 4.500a3.500 3.500 0 0 1 0 6.500M18 14.500c2.500.6 4 2.400 4.500 5.500',
  leads: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8M4 21c.6-4.500 3.600-7 8-7s7.400 2.500 8 7',
  replies: 'M4 5h16v11H10l-5 4v-4H4z',
  suppressions: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M5.600 5.600l12.800 12.800',
  channels:
    'M12 13a1.500 1.500 0 1 0 0-3 1.500 1.500 0 0 0 0 3M7.500 16a6 6 0 0 1 0-9M16.500 7a6 6 0 0 1 0 9M4.500 19a10 10 0 0 1 0-15M19.500 4a10 10 0 0 1 0 15',
  settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 4.500v5M9 14.500v5',
  find: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14M16 16l5 5',
  more: 'M5 13a1 1 0 1 0 0-2 1 1 0 0 0 0 2M12 13a1 1 0 1 0 0-2 1 1 0 0 0 0 2M19 13a1 1 0 1 0 0-2 1 1 0 0 0 0 2',
  theme: 'M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18',
} as const;
export type IconName = keyof typeof PATHS;

/** Beside a word, so nobody has to know it. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg
      viewBox="0 0 24 24"
      aria-hidden="true"
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      stroke-linecap="round"
      stroke-linejoin="round"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
