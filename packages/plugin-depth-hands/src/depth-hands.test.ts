import { testPlugin } from '@simgan/testing';
import { depthHands } from './depth-hands.ts';

testPlugin(depthHands());
