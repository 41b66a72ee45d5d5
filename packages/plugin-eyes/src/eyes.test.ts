import { testPlugin } from '@simgan/testing';
import { eyes } from './eyes.ts';

testPlugin(eyes());
testPlugin(eyes({ color: true }), { samples: 8 });
