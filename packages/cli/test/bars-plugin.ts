/** @file A plugin with a task that can be judged, as a user would name it by its path. */
import { pluginFactory } from '@simgan/core';
import { z } from 'zod';
import { barsTask } from '../../node/test/bars.ts';

export default pluginFactory(z.object({}), () => barsTask().plugin);
