"""A local AWS: ministack behind one door, and the services that it lacks, executed for real."""
