namespace DlmUpdater.Tests.Host;

/// <summary>Takes the answer of a call that promises to be synchronous, and fails if it is not.</summary>
internal static class Completed
{
    public static T Now<T>(this ValueTask<T> task)
    {
        Assert.True(task.IsCompleted, "the call went asynchronous");
        return task.AsTask().GetAwaiter().GetResult();
    }

    public static void Now(this ValueTask task)
    {
        Assert.True(task.IsCompleted, "the call went asynchronous");
        task.AsTask().GetAwaiter().GetResult();
    }
}
