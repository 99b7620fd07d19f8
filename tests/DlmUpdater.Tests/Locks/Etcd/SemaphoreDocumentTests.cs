using System.Text;
using DlmUpdater.Core.Settings;
using DlmUpdater.Locks.Etcd;

namespace DlmUpdater.Tests.Locks.Etcd;

/// <summary>locksmith's document as Go reads it: what is missing or null is zero, and integers have 64 bits.</summary>
public sealed class SemaphoreDocumentTests
{
    [Theory]
    [InlineData("{}", 0, 0, 0)]
    [InlineData("""{"holders":["a"]}""", 0, 0, 1)]
    [InlineData("""{"max":2}""", 2, 0, 0)]
    [InlineData("""{"semaphore":null,"max":null,"holders":null}""", 0, 0, 0)]
    [InlineData("""{"semaphore":-2,"max":0,"holders":["a","b"]}""", 0, -2, 2)]
    [InlineData("""{"semaphore":3000000000,"max":3000000000,"holders":[]}""", 3000000000, 3000000000, 0)]
    public void What_is_missing_is_zero_and_numbers_have_64_bits(string text, long max, long free, int holders)
    {
        SemaphoreDocument document = Read(text);
        Assert.Equal((max, free, holders), (document.Max, document.Free, document.Semaphore.Holders.Length));
    }

    [Theory]
    [InlineData("""{"semaphore":1,"max":1,"holders":null}""", null)]
    [InlineData("""{"semaphore":0,"max":1,"holders":["a"]}""", null)]
    [InlineData("""{"semaphore":-1,"max":1,"holders":["a","b"]}""", null)]
    [InlineData("{}", "the maximum of its holders is 0")]
    [InlineData("""{"semaphore":-3,"max":-1,"holders":["a","b"]}""", "the maximum of its holders is -1")]
    [InlineData("""{"semaphore":0,"max":2,"holders":["a"]}""", "its count of free slots is 0, although 1 of 2 slots are taken")]
    public void Why_the_numbers_stop_the_fleet_is_known(string text, string? stop) => Assert.Equal(stop, Read(text).Stop);

    [Theory]
    [InlineData("{}", 2, """{"semaphore":2,"max":2,"holders":null}""")]
    [InlineData("""{"semaphore":1,"max":3,"holders":["a","b"]}""", 0, """{"semaphore":-2,"max":0,"holders":["a","b"]}""")]
    [InlineData("""{"semaphore":0,"max":1,"holders":[]}""", 2, """{"semaphore":1,"max":2,"holders":[]}""")]
    [InlineData("""{"semaphore":1,"max":1,"holders":[]}""", 3000000000, """{"semaphore":3000000000,"max":3000000000,"holders":[]}""")]
    [InlineData("""{"semaphore":-9223372036854775808,"max":1,"holders":[]}""", 0, """{"semaphore":-9223372036854775808,"max":0,"holders":[]}""")]
    public void Locksmiths_maximum_moves_its_own_count(string before, long max, string after) => Assert.Equal(after, Encoding.UTF8.GetString(Read(before).WithMax(max).Write()));

    [Theory]
    [InlineData("{}", 1, """{"semaphore":1,"max":1,"holders":null}""")]
    [InlineData("""{"semaphore":0,"max":1,"holders":[]}""", 1, """{"semaphore":1,"max":1,"holders":[]}""")]
    [InlineData("""{"semaphore":-2,"max":0,"holders":["a","b"]}""", 3, """{"semaphore":1,"max":3,"holders":["a","b"]}""")]
    public void Our_own_number_of_slots_ends_every_stop(string before, int slots, string after)
    {
        SemaphoreDocument document = Read(before).WithSlots(slots);
        Assert.Equal(after, Encoding.UTF8.GetString(document.Write()));
        Assert.Null(document.Stop);
    }

    [Theory]
    [InlineData("""{"semaphore":"1","max":1}""")]
    [InlineData("""{"semaphore":1.5,"max":1}""")]
    [InlineData("""{"semaphore":99999999999999999999,"max":1}""")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("")]
    [InlineData("not json")]
    public void Anything_else_is_not_a_semaphore(string text)
    {
        Assert.Null(SemaphoreDocument.Read(EtcdLayout.Locksmith, Encoding.UTF8.GetBytes(text), out string why));
        Assert.NotEmpty(why);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"total_slots":null,"holders":[]}""")]
    public void Airlocks_document_has_its_number(string text) => Assert.Null(SemaphoreDocument.Read(EtcdLayout.Airlock, Encoding.UTF8.GetBytes(text), out _));

    private static SemaphoreDocument Read(string text) => SemaphoreDocument.Read(EtcdLayout.Locksmith, Encoding.UTF8.GetBytes(text), out _)!;
}
