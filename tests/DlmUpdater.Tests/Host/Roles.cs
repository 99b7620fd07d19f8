using DlmUpdater.Core.Locking;
using DlmUpdater.Locks.LocalFile;
using DlmUpdater.State;
using DlmUpdater.Tests.State;

namespace DlmUpdater.Tests.Host;

/// <summary>What a <see cref="ChildProcess"/> can do. The answer is its exit code.</summary>
internal static class Roles
{
    public static int Play(string role, string[] arguments) => role switch
    {
        "save-for-ever" => SaveForEver(arguments[0]),
        "hold-instance" => HoldInstance(arguments[0]),
        "hammer-lock" => HammerLock(arguments[0], arguments[1], int.Parse(arguments[2])),
        _ => 99,
    };

    private static int SaveForEver(string path)
    {
        var store = new RunStateFile(path);
        for (int i = 0; ; i++)
        {
            if (store.Save(SampleStates.Sized(i % 2 == 0 ? 1 : 300)).Now() is { } why)
            {
                Console.Error.WriteLine(why);
                return 1;
            }
            if (i == 1)
                Console.Out.WriteLine("saving");
        }
    }

    private static int HoldInstance(string path)
    {
        InstanceLockReply reply = InstanceLock.TryTake(path);
        Console.Out.WriteLine(reply is InstanceLockReply.Taken ? "taken" : "not taken");
        Thread.Sleep(Timeout.Infinite);
        return 0;
    }

    /// <summary>3: two were inside at once. 4: the service failed.</summary>
    private static int HammerLock(string directory, string holder, int rounds)
    {
        var service = new FileLockService(directory, new LockIdentity("file", "l", holder), null, 1, TimeProvider.System);
        string inside = Path.Combine(directory, "inside");
        while (rounds > 0)
        {
            switch (service.Acquire(default).Now())
            {
                case AcquireReply.Granted:
                    try
                    {
                        File.Open(inside, FileMode.CreateNew).Dispose();
                    }
                    catch (IOException)
                    {
                        return 3;
                    }
                    File.Delete(inside);
                    if (service.Release(default).Now() is not ReleaseReply.Released)
                        return 4;
                    rounds--;
                    break;
                case AcquireReply.Busy busy:
                    service.WaitForChange(busy.Revision, TimeSpan.FromSeconds(5), default).Now();
                    break;
                default:
                    return 4;
            }
        }
        return 0;
    }
}
