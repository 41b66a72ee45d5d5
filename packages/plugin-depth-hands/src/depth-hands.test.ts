import { testPlugin } from '@simgan/core/testing';
import { depthHands } from './depth-hands.ts';

testPlugin(depthHands());
