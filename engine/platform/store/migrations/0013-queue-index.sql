-- Nobody looks for entries by when they are due: the queue runner knows that of all of them.
DROP INDEX queue_due;
